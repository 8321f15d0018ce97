import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';

/** A table by its name as SQL takes it. */
export interface HeldTable {
  readonly name: string;
}

/** Every table a dump reads, as of now. */
export const tablesToHold = (session: Session): Promise<HeldTable[]> => session.rows<HeldTable>(TABLES);

/** One statement for so many: five thousand one by one take seconds, and a statement with all of them is half a megabyte. */
const BATCH = 500;

/**
 * Locks the tables against being altered, truncated or dropped until the transaction ends, in the way that reading does. One that has been
 * dropped since it was listed is passed over. Takes no snapshot: called first in a transaction, the snapshot of it is younger than the locks.
 * Fails with lock.held, its detail the tables that were asked for.
 */
export async function holdTables(session: Session, tables: readonly HeldTable[], waitMs: number): Promise<void> {
  await session.script(`set local lock_timeout = ${waitMs}`);
  for (let from = 0; from < tables.length; from += BATCH) await hold(session, tables.slice(from, from + BATCH));
}

/** 42P01, 3F000: the table or its schema is gone. 42809: its name is that of a view now. */
const GONE: ReadonlySet<string | undefined> = new Set(['42P01', '3F000', '42809']);

async function hold(session: Session, tables: readonly HeldTable[]): Promise<void> {
  const list = tables.map(({ name }) => `only ${name}`).join(', ');
  await session.script('savepoint hold');
  try {
    await session.script(`lock table ${list} in access share mode`);
    await session.script('release savepoint hold');
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    if (thrown.code === 'lock.held') throw withDetail(thrown, list);
    if (!GONE.has(thrown.sqlstate)) throw thrown;
    await session.script('rollback to savepoint hold; release savepoint hold');
    if (tables.length === 1) return;
    const half = Math.ceil(tables.length / 2);
    await hold(session, tables.slice(0, half));
    await hold(session, tables.slice(half));
  }
}

function withDetail(cause: DbctlError, detail: string): DbctlError {
  const { code, message, sqlstate } = cause;
  return new DbctlError(code, message, { cause, detail, ...(sqlstate === undefined ? {} : { sqlstate }) });
}

const TABLES = /* sql */ `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by c.oid`;
