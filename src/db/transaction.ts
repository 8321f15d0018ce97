import { DbctlError, fail } from '../core/errors.ts';
import { LOCK_NOT_GRANTED, SERIALIZATION } from '../runtime/sqlstate/classes.ts';
import type { Session } from './session.ts';

export type TransactionMode = 'read write' | 'read only' | 'isolation level repeatable read, read only';

/**
 * Runs `use` inside one transaction: committed when it returns, rolled back when it throws.
 * A COMMIT of an aborted transaction does not fail, it answers ROLLBACK (measured on 18.2); so an error swallowed inside `use`
 * is found here and fails with sql.failed. `first` are statements that begin it and need no round trip of their own.
 */
export async function inTransaction<T>(session: Session, mode: TransactionMode, use: () => Promise<T>, first = ''): Promise<T> {
  await session.script([`begin transaction ${mode}`, ...(first === '' ? [] : [first])].join('; '));
  let result: T;
  try {
    result = await use();
  } catch (thrown) {
    // The connection may be what failed: the first error is the one to report.
    await session.script('rollback').catch(() => {});
    throw thrown;
  }
  const [answer] = await session.script('commit');
  if (answer?.command !== 'COMMIT') {
    fail('sql.failed', 'the transaction was rolled back at its end: a statement inside it had failed', {
      hint: 'This is a defect in dbctl: report it with the output of --log-level debug.',
    });
  }
  return result;
}

/** True for failures that a second try of the whole transaction may get over: lock timeout, deadlock, serialisation failure. */
export function worthRetrying(error: unknown): boolean {
  const sqlstate = error instanceof DbctlError ? (error.sqlstate ?? '') : '';
  return LOCK_NOT_GRANTED.has(sqlstate) || SERIALIZATION.has(sqlstate);
}
