import type pg from 'pg';

/** An escalation as somebody leaves it behind, and as it is found. */
export interface Plant {
  /** Id of the rule. */
  readonly id: string;
  /** What is said at the end of the title, where a rule has several. */
  readonly how?: string;
  /** Statements of a superuser, on top of {@link FIXTURE}. */
  readonly plant: readonly string[];
  readonly object: string;
  /** Within the message: who has it, by which way, and at which level. */
  readonly way?: string;
  /** Does what the way allows, as the login mallory; true when it worked. Leaves nothing behind that outlives the database. */
  readonly attack?: (people: People) => Promise<boolean>;
  /** False: fix is for a person. */
  readonly fixable?: false;
}

export interface People {
  readonly mallory: pg.Client;
  readonly superuser: pg.Client;
  /** Another session of mallory, for what lives as long as a session. */
  readonly reconnect: () => Promise<pg.Client>;
}

/** A small application; nobody may do more than they should. */
export const FIXTURE: readonly string[] = [
  'create role app_owner nologin',
  'create role grp nologin',
  `create role mallory login password 'm' connection limit 5`,
  `alter role mallory set application_name = 'mallory'`,
  `alter role mallory set idle_in_transaction_session_timeout = '60s'`,
  'create schema app authorization app_owner',
  'grant usage on schema app to mallory, grp',
  'set role app_owner',
  'create table app.users (id int primary key, nick varchar not null)',
  `insert into app.users values (1, 'ann'), (2, 'BOB')`,
  'create table app.orders (id int, tenant int, amount int)',
  'insert into app.orders values (1, 1, 10), (2, 2, 20)',
  'reset role',
];

export const ROLES_FILE = `version: 1
owner: app_owner
schemas: [app]
roles:
  app_owner: { purpose: owns the schema and its tables }
  grp: { purpose: a group that may read }
  mallory: { purpose: the login of an app, login: true, connection_limit: 5, settings: { application_name: mallory } }
`;

/** Whether the statements succeed; what they did is rolled back. */
export async function can(client: pg.Client, ...statements: readonly string[]): Promise<boolean> {
  try {
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    return true;
  } catch {
    return false;
  } finally {
    await client.query('rollback');
    await client.query('reset role');
  }
}

/** The one value of a query; undefined when it is refused. */
export async function value(client: pg.Client, sql: string): Promise<unknown> {
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return Object.values(rows[0] ?? {})[0];
  } catch {
    return undefined;
  }
}

/** Whether code of mallory ran as superuser: it gave mallory CREATEDB. Takes it away again. */
export async function gotCreatedb({ superuser }: People): Promise<boolean> {
  const got = await value(superuser, `select rolcreatedb from pg_roles where rolname = 'mallory'`);
  await superuser.query('alter role mallory nocreatedb');
  return got === true;
}

/** What a body does once a superuser runs it. */
export const TAKE = `if (select rolsuper from pg_roles where rolname = current_user) then alter role mallory createdb; end if;`;
