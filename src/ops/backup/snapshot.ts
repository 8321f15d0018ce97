import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { holdTables, tablesToHold } from './hold-tables.ts';

/** A moment of the database that other sessions can be given, for as long as the transaction that exported it lasts. */
export interface Snapshot {
  readonly name: string;
  /** When it was taken, ISO 8601. */
  readonly at: string;
}

/**
 * Runs `use` in a transaction that has exported a snapshot and holds every table, however long that takes. The tables are locked before the
 * snapshot is taken: a table that is truncated or rewritten between the two would look empty in it. Fails with lock.held, naming the table,
 * where somebody alters one for longer than `lockWaitMs`.
 */
export async function inSnapshot<T>(session: Session, lockWaitMs: number, use: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const tables = await tablesToHold(session);
  return inTransaction(session, 'isolation level repeatable read, read only', async () => {
    await holdTables(session, tables, lockWaitMs);
    return use(await exported(session));
  });
}

async function exported(session: Session): Promise<Snapshot> {
  const [row] = await session.rows<Snapshot>(
    `select pg_catalog.pg_export_snapshot() as name,
            pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
  );
  if (row === undefined) throw new Error('a snapshot always has a name');
  return row;
}
