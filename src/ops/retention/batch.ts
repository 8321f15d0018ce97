import { ADVISORY_LOCKS, DBCTL_LOCKS } from '../../db/advisory-lock.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { readBearings, tablesInReach, type Bearing } from './holds/protect.ts';
import { withBearings, type RuleFacts } from './inspect.ts';
import { batchStatement, type Target } from './statements.ts';

export interface Batch {
  /** Found and locked. */
  readonly picked: number;
  /** Fewer where a trigger keeps rows. */
  readonly deleted: number;
  /** Active holds that bore on it. */
  readonly holds: readonly number[];
  /** What was asked, with those holds. */
  readonly target: Target;
}

/**
 * Removes one batch in a transaction of its own. The holds are read in it, behind a lock that whoever places one waits for: a hold that was
 * committed before binds this batch, and one that comes while it runs waits for its end. Fails with lock.held and with what the server refuses.
 */
export async function removeBatch(session: Session, facts: RuleFacts, rows: number): Promise<Batch> {
  const reach = tablesInReach(facts.table.oid, facts.references);
  return inTransaction(session, 'read write', async () => {
    await session.rows('select pg_catalog.pg_advisory_xact_lock_shared($1, $2)', [DBCTL_LOCKS, ADVISORY_LOCKS.holds]);
    const bearings = await readBearings(session, reach);
    const target = withBearings(facts, bearings);
    const [batch] = await session.rows<{ picked: number; deleted: number }>(batchStatement(target), [facts.cutOff, rows]);
    return { picked: batch?.picked ?? 0, deleted: batch?.deleted ?? 0, holds: numbers(bearings), target };
  });
}

const numbers = (bearings: readonly Bearing[]): number[] => [...new Set(bearings.map(({ hold }) => hold))];
