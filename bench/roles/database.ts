import pg from 'pg';

export interface Size {
  readonly tables: number;
  readonly roles: number;
}

const SCHEMAS = 20;
/** Each schema has this many families of tables, which are granted alike: 100 different ACLs. */
const FAMILIES = 5;
/** Grantees of one table, half of them groups, so that 10,000 tables have 270,000 entries with the owner's. */
const GRANTEES = 26;
const USES = ['read', 'append', 'write'] as const;
/** What they are to GRANT: the presets that a file without presets has. */
const PRIVILEGES = { read: 'SELECT', append: 'SELECT,INSERT', write: 'SELECT,INSERT,UPDATE,DELETE' } as const;

const schemaOf = (index: number): string => `bench_${String(index).padStart(2, '0')}`;
const familyOf = (index: number): string => `f${String(index).padStart(2, '0')}`;
const groupsOf = (roles: number): number => Math.floor(roles / 5);

interface Granted {
  readonly schema: number;
  readonly family: number;
  readonly grantee: string;
  readonly use: (typeof USES)[number];
}

/** Who is granted what on which family, spread by arithmetic, so that runs are alike. */
function* granted(roles: number): Generator<Granted> {
  const groups = groupsOf(roles);
  const logins = roles - groups - 1;
  for (let schema = 0; schema < SCHEMAS; schema += 1) {
    for (let family = 0; family < FAMILIES; family += 1) {
      const names = new Set<string>();
      for (let index = 0; index < GRANTEES; index += 1) {
        const at = schema * 37 + family * 11 + index * 13;
        const grantee = index % 2 === 0 ? `group_${at % groups}` : `login_${at % logins}`;
        if (names.has(grantee)) continue;
        names.add(grantee);
        yield { schema, family, grantee, use: USES[(schema + family + index) % USES.length] ?? 'read' };
      }
    }
  }
}

/** Makes roles, schemas and tables with their grants. Fails where the server does. */
export async function fillDatabase(url: string, { tables, roles }: Size): Promise<void> {
  const client = await benchClient(url);
  const groups = groupsOf(roles);
  await client.query(`do $$ begin
    create role bench_owner nologin;
    for i in 0 .. ${groups - 1} loop execute format('create role group_%s nologin', i); end loop;
    for i in 0 .. ${roles - groups - 2} loop execute format('create role login_%s login connection limit 5', i); end loop;
  end $$`);
  for (let index = 0; index < SCHEMAS; index += 1) {
    await client.query(`create schema ${schemaOf(index)} authorization bench_owner`);
    const each = Math.floor(tables / SCHEMAS);
    await client.query(`do $$ begin
      for i in 0 .. ${each - 1} loop
        execute format('create table ${schemaOf(index)}.f%s_%s (id int)', pg_catalog.lpad((i % ${FAMILIES})::text, 2, '0'), i);
      end loop;
    end $$`);
  }
  await grantAll(client, roles);
  await client.query('vacuum analyze pg_catalog.pg_class');
  await client.end();
}

async function benchClient(url: string): Promise<pg.Client> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query('create database bench');
  await admin.end();
  const target = new URL(url);
  target.pathname = '/bench';
  const client = new pg.Client({ connectionString: target.href });
  // What goes wrong in a statement is said by it; the server is stopped then.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** 260,000 grants one by one take minutes, and make the same ACLs as one statement that writes these. */
async function grantAll(client: pg.Client, roles: number): Promise<void> {
  const rows = [...granted(roles)];
  await client.query('set allow_system_table_mods = on');
  await client.query(
    `with family as (
       select w.prefix, pg_catalog.array_agg(pg_catalog.makeaclitem(r.oid, o.oid, w.privileges, false)) as acl
       from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) as w (prefix, grantee, privileges)
       join pg_catalog.pg_roles r on r.rolname = w.grantee
       join pg_catalog.pg_roles o on o.rolname = 'bench_owner'
       group by w.prefix
     )
     update pg_catalog.pg_class c
     set relowner = o.oid,
         relacl = pg_catalog.makeaclitem(o.oid, o.oid, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER,MAINTAIN', false) || f.acl
     from family f, pg_catalog.pg_namespace n, pg_catalog.pg_roles o
     where n.oid = c.relnamespace and o.rolname = 'bench_owner' and c.relkind = 'r'
       and f.prefix = n.nspname || '.' || pg_catalog.left(c.relname, 3)`,
    [
      rows.map(({ schema, family }) => `${schemaOf(schema)}.${familyOf(family)}`),
      rows.map(({ grantee }) => grantee),
      rows.map(({ use }) => PRIVILEGES[use]),
    ],
  );
}

/** One table in a hundred gets a right that the file does not say. */
export const DRIFT = /* sql */ `
do $$ declare one record; begin
    for one in select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname like 'bench\\_%' and c.relkind = 'r' and c.relname like '%7' and c.oid::int8 % 10 = 0
    loop execute format('grant truncate on %I.%I to login_%s', one.nspname, one.relname, 1 + length(one.relname)); end loop;
end $$`;

/** The file that says all of it: 2,600 patterns, and memberships nested three deep. */
export function rolesFileText({ roles }: Size): string {
  const groups = groupsOf(roles);
  const patterns = new Map<string, Map<string, string[]>>();
  for (const { schema, family, grantee, use } of granted(roles)) {
    const uses = patterns.get(grantee) ?? new Map<string, string[]>();
    uses.set(use, [...(uses.get(use) ?? []), `${schemaOf(schema)}.${familyOf(family)}_*`]);
    patterns.set(grantee, uses);
  }
  const role = (name: string, more: readonly string[]): string[] => {
    const own = [...(patterns.get(name) ?? [])].map(([use, on]) => `      - { on: [${on.join(', ')}], use: ${use} }`);
    return [`  ${name}:`, '    purpose: a role of the bench', ...more, ...(own.length === 0 ? [] : ['    grants:', ...own])];
  };
  const member = (group: number, options: string): string => `    member_of: { group_${group}: { ${options}, admin: false } }`;
  return [
    'version: 1',
    'owner: bench_owner',
    `schemas: [${Array.from({ length: SCHEMAS }, (_, index) => schemaOf(index)).join(', ')}]`,
    'roles:',
    '  bench_owner: { purpose: owns all tables of the bench }',
    // Every group but ten is a member of one ten places before it, so that they are nested ten deep at most.
    ...Array.from({ length: groups }, (_, index) =>
      role(`group_${index}`, index < 10 ? [] : [member(index - 10, 'inherit: true, set: false')]),
    ).flat(),
    ...Array.from({ length: roles - groups - 1 }, (_, index) => [
      ...role(`login_${index}`, [
        '    login: true',
        '    connection_limit: 5',
        member(index % groups, index % 10 === 0 ? 'inherit: false, set: true' : 'inherit: true, set: false'),
      ]),
    ]).flat(),
    '',
  ].join('\n');
}
