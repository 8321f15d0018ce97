import { fail } from '../../../core/errors.ts';
import { ident, qualified } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';

/** A statement as pg_stat_statements counted it. */
export interface ObservedStatement {
  readonly queryid: string;
  readonly user: string;
  /** null: it was left out of a record, since it may hold a secret. */
  readonly text: string | null;
  readonly toplevel: boolean;
  readonly calls: number;
  /** Since when it is counted, ISO 8601. */
  readonly since: string;
}

/** What one server had counted at one time. */
export interface Observation {
  /** Tells servers apart, and databases of one. */
  readonly server: string;
  readonly database: string;
  readonly role: string;
  readonly at: string;
  /** Since when anything was counted. */
  readonly since: string;
  /** pg_stat_statements.track: with `top` what functions did is not there. */
  readonly track: string;
  /** How often statements were thrown out for want of room. */
  readonly evicted: number;
  readonly statements: readonly ObservedStatement[];
}

/** stats_since came with 17; before it the last reset of all stands for it. */
const SINCE_EACH = 170_000;

/**
 * Reads what these roles ran in this database. Fails with refused where pg_stat_statements is not there or not loaded, with db.denied where the
 * texts of others are hidden.
 */
export async function observe(session: Session, role: string, users: readonly string[], at: Date): Promise<Observation> {
  const [extension] = await session.rows<{ schema: string }>(
    `select n.nspname as schema from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
     where e.extname = 'pg_stat_statements'`,
  );
  if (extension === undefined)
    return fail('refused', 'the extension pg_stat_statements is not in this database', {
      hint: 'Put it into shared_preload_libraries, restart, create extension pg_stat_statements; with pg_stat_statements.track = all.',
    });
  const { schema } = extension;
  const facts = await readFacts(session, schema);
  const each = session.serverVersion >= SINCE_EACH ? 's.stats_since' : '$2::timestamptz';
  const values = [users, ...(session.serverVersion >= SINCE_EACH ? [] : [facts.since])];
  const rows = await session.rows<Omit<ObservedStatement, 'since' | 'calls'> & { since: Date; calls: string }>(
    `select s.queryid::text as queryid, r.rolname as user, s.query as text, s.toplevel, s.calls::text as calls, ${each} as since
     from ${qualified(schema, 'pg_stat_statements')} s
     join pg_catalog.pg_roles r on r.oid = s.userid
     join pg_catalog.pg_database d on d.oid = s.dbid
     where r.rolname = any ($1) and d.datname = pg_catalog.current_database()
     order by r.rolname, s.queryid, s.toplevel`,
    values,
  );
  if (rows.some(({ text }) => text === '<insufficient privilege>'))
    fail('db.denied', `${session.user} may not read the statements of ${users.join(', ')}`, {
      hint: `grant pg_read_all_stats to ${ident(session.user)}`,
    });
  return {
    server: session.systemIdentifier ?? `${session.host}:${session.port}`,
    database: session.database,
    role,
    at: at.toISOString(),
    ...facts,
    statements: rows.map(({ since, calls, ...rest }) => ({ ...rest, calls: Number(calls), since: since.toISOString() })),
  };
}

async function readFacts(session: Session, schema: string): Promise<Pick<Observation, 'since' | 'track' | 'evicted'>> {
  try {
    const [row] = await session.rows<{ since: Date; track: string; evicted: string }>(
      `select i.stats_reset as since, i.dealloc::text as evicted, pg_catalog.current_setting('pg_stat_statements.track') as track
       from ${qualified(schema, 'pg_stat_statements_info')} i`,
    );
    if (row === undefined) throw new RangeError('pg_stat_statements_info is empty');
    return { since: row.since.toISOString(), track: row.track, evicted: Number(row.evicted) };
  } catch (thrown) {
    // 42501: the schema of the extension is closed to it.
    if ((thrown as { sqlstate?: string }).sqlstate === '42501') {
      fail('db.denied', `${session.user} may not read pg_stat_statements`, {
        hint: `grant usage on schema ${ident(schema)} to ${ident(session.user)}; grant pg_read_all_stats to ${ident(session.user)}`,
      });
    }
    // 55000: the library was not loaded when the server started.
    if ((thrown as { sqlstate?: string }).sqlstate !== '55000') throw thrown;
    return fail('refused', 'pg_stat_statements counts nothing: it is not in shared_preload_libraries', {
      hint: 'Add it there and restart the server.',
    });
  }
}
