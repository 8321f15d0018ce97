import { item, type Item } from '../../core/report.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';

/** Settings that decide what a session sees and whether what it was told is true, as pg_settings writes them. */
export const EFFECTIVE_SETTINGS = ['TimeZone', 'search_path', 'row_security', 'synchronous_commit'] as const;
type EffectiveSetting = (typeof EFFECTIVE_SETTINGS)[number];

/** Where a value comes from, as pg_settings.source says it in a session that has it. */
type Level = 'database user' | 'user' | 'database' | 'global';

/** An entry of pg_db_role_setting; database and role null: all of them. */
export interface Override {
  readonly setting: EffectiveSetting;
  readonly database: string | null;
  readonly role: string | null;
  /** As it was given. */
  readonly given: string;
  /** As a session shows it; null: the server does not take it, warns at login, and the next entry counts. */
  readonly value: string | null;
}

export interface EffectiveInputs {
  /** What the server itself was given; null: an override for this very session hides it. */
  readonly server: Readonly<Record<EffectiveSetting, string | null>>;
  readonly overrides: readonly Override[];
  /** Those one can connect to. */
  readonly databases: readonly string[];
  /** Those that log in: settings hold for the role that does, never for members of it. */
  readonly logins: readonly string[];
}

export interface EffectiveValue {
  readonly database: string;
  readonly role: string;
  readonly setting: EffectiveSetting;
  /** null: it is the server's, which is hidden from this session. */
  readonly value: string | null;
  readonly level: Level | 'server';
  readonly override: Override | null;
}

/** What a new session of each login has in each database, if its client asks for nothing. Pure. */
export function effectiveValues({ server, overrides, databases, logins }: EffectiveInputs): EffectiveValue[] {
  const usable = new Map(
    overrides.filter(({ value }) => value !== null).map((one) => [keyOf(one.setting, one.database, one.role), one]),
  );
  return databases.flatMap((database) =>
    logins.flatMap((role) =>
      EFFECTIVE_SETTINGS.map((setting): EffectiveValue => {
        const override =
          usable.get(keyOf(setting, database, role)) ??
          usable.get(keyOf(setting, null, role)) ??
          usable.get(keyOf(setting, database, null)) ??
          usable.get(keyOf(setting, null, null)) ??
          null;
        const level = override === null ? 'server' : levelOf(override);
        return { database, role, setting, value: override === null ? server[setting] : override.value, level, override };
      }),
    ),
  );
}

const keyOf = (...parts: readonly (string | null)[]): string => JSON.stringify(parts);

function levelOf({ database, role }: Override): Level {
  if (role !== null) return database === null ? 'user' : 'database user';
  return database === null ? 'global' : 'database';
}

/** Reads all of it in one snapshot. Any login may: pg_db_role_setting is open to everybody. Fails like Session.rows. */
export async function readEffective(session: Session): Promise<EffectiveInputs> {
  return inTransaction(session, 'isolation level repeatable read, read only', async () => {
    const server = await session.rows<{ name: EffectiveSetting; value: string | null }>(SERVER, [EFFECTIVE_SETTINGS]);
    const entries = await session.rows<Omit<Override, 'value'>>(OVERRIDES, [EFFECTIVE_SETTINGS]);
    const names = async (query: string) => (await session.rows<{ name: string }>(query)).map(({ name }) => name);
    const [databases, logins] = [await names(DATABASES), await names(LOGINS)];
    const shown = await shownValues(session, entries);
    return {
      server: Object.fromEntries(server.map(({ name, value }) => [name, value])) as EffectiveInputs['server'],
      overrides: entries.map((entry) => ({ ...entry, value: shown.get(keyOf(entry.setting, entry.given)) ?? null })),
      databases,
      logins,
    };
  });
}

/** The server is asked how it writes a value, and whether it takes it: utc is UTC, no is off, and a zone may be gone. */
async function shownValues(session: Session, entries: readonly Omit<Override, 'value'>[]): Promise<ReadonlyMap<string, string>> {
  const shown = new Map<string, string>();
  const distinct = new Map(entries.map(({ setting, given }) => [keyOf(setting, given), { setting, given }]));
  for (const [key, { setting, given }] of distinct) {
    await session.script('savepoint given');
    try {
      // Not for search_path: nothing here depends on it, since every name is qualified.
      await session.rows('select pg_catalog.set_config($1, $2, true)', [setting, given]);
      const [row] = await session.rows<{ value: string }>('select pg_catalog.current_setting($1) as value', [setting]);
      if (row !== undefined) shown.set(key, row.value);
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
    }
    await session.script('rollback to savepoint given');
  }
  return shown;
}

/** invalid_parameter_value and its like; anything else is the session's own trouble. */
function isRefusal(thrown: unknown): boolean {
  return ((thrown as { sqlstate?: string }).sqlstate ?? '').startsWith('22');
}

/** reset_val, since dbctl itself may have set one for its session. An override for this session hides the server's value. */
const SERVER = /* sql */ `
select s.name,
       case when exists (select from pg_catalog.pg_db_role_setting o
                          cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
                          where pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = pg_catalog.lower(s.name)
                            and o.setdatabase in (0, d.oid) and o.setrole in (0, r.oid))
              or s.source = 'client' then null else s.reset_val end as value
  from pg_catalog.pg_settings s
  join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()
  join pg_catalog.pg_roles r on r.rolname = session_user
 where s.name = any ($1::pg_catalog.text[])
 order by s.name`;

const OVERRIDES = /* sql */ `
select s.name as setting, d.datname as database, r.rolname as role,
       pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) as given
  from pg_catalog.pg_db_role_setting o
 cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
  join pg_catalog.unnest($1::pg_catalog.text[]) as s(name)
    on pg_catalog.lower(s.name) = pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1))
  left join pg_catalog.pg_database d on d.oid = o.setdatabase
  left join pg_catalog.pg_roles r on r.oid = o.setrole
 where (o.setdatabase = 0 or d.datname is not null) and (o.setrole = 0 or r.rolname is not null)
 order by 1, 2, 3`;

const DATABASES = `select d.datname as name from pg_catalog.pg_database d where d.datallowconn order by 1`;
const LOGINS = `select r.rolname as name from pg_catalog.pg_roles r where r.rolcanlogin order by 1`;

/** One item for the server's value of each setting, and one for each login and database that has another one. */
export function effectiveItems(inputs: EffectiveInputs): Item[] {
  const own = effectiveValues(inputs).filter(({ override }) => override !== null);
  return [
    ...EFFECTIVE_SETTINGS.map((setting) => effectiveItem(setting, '*', '*', inputs.server[setting], 'the server')),
    ...own.map(({ setting, database, role, value, override }) =>
      effectiveItem(setting, database, role, value, override === null ? 'the server' : sourceText(override)),
    ),
  ];
}

function effectiveItem(setting: EffectiveSetting, database: string, role: string, value: string | null, from: string): Item {
  const said = value ?? 'hidden from this session by a setting of its own';
  return item({
    id: setting,
    object: `${role} in ${database}`,
    status: value === null ? 'unknown' : 'pass',
    message: `${setting} is ${said}, from ${from}`,
    setting,
    database,
    role,
    value: said,
    from,
  });
}

/** The statement that made the entry, but for its value. */
function sourceText({ database, role }: Override): string {
  if (role === null) return database === null ? 'alter role all' : `alter database ${ident(database)}`;
  return `alter role ${ident(role)}${database === null ? '' : ` in database ${ident(database)}`}`;
}
