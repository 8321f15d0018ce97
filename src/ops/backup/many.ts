import { DbctlError } from '../../core/errors.ts';
import { withSession, type Session, type SessionOptions } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';

/** What became of one database of several. */
export type DatabaseOutcome<T> =
  | { readonly database: string; readonly made: T; readonly problem: null }
  | { readonly database: string; readonly made: null; readonly problem: DbctlError };

/** Every database of the server that takes connections; templates hold nobody's data, and the limit -2 is the mark of one whose dropping was cut short. */
export async function databasesOf(session: Session): Promise<string[]> {
  const rows = await session.rows<{ name: string }>(DATABASES);
  return rows.map(({ name }) => name);
}

const DATABASES = /* sql */ `
select d.datname::pg_catalog.text as name
from pg_catalog.pg_database d
where d.datallowconn and not d.datistemplate and d.datconnlimit <> -2
order by d.datname`;

/**
 * Does the same for each database of a server, one after the other, each in a session of its own. What fails for one is its outcome, and
 * the others go on. Fails only with interrupted, and with defects.
 */
export async function eachDatabase<T>(
  names: readonly string[],
  target: ConnectionTarget,
  options: SessionOptions,
  act: (session: Session, target: ConnectionTarget) => Promise<T>,
): Promise<readonly DatabaseOutcome<T>[]> {
  const outcomes: DatabaseOutcome<T>[] = [];
  for (const database of names) {
    const there = { ...target, database };
    try {
      outcomes.push({ database, made: await withSession(there, options, (session) => act(session, there)), problem: null });
    } catch (thrown) {
      if (!(thrown instanceof DbctlError) || thrown.code === 'interrupted') throw thrown;
      outcomes.push({ database, made: null, problem: thrown });
    }
  }
  return outcomes;
}
