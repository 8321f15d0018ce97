import { setTimeout as sleep } from 'node:timers/promises';
import { worthRetrying } from '../../db/transaction.ts';

/** Locks that are not granted are asked for so often before the rule is left to the next run. */
export const LOCK_TRIES = 8;

/** Waits before the next try, `tries` having been made: a table lock is mostly that of a migration, and a moment later it is gone. */
export async function lockPause(tries: number, signal: AbortSignal): Promise<void> {
  await sleep(100 * 2 ** Math.min(tries, 4) * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
}

/** Runs what is a transaction by itself, again where a lock was not granted or the server chose it to end a deadlock. */
export async function patiently<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (thrown) {
      if (!worthRetrying(thrown) || tries >= LOCK_TRIES || signal.aborted) throw thrown;
      await lockPause(tries, signal);
    }
  }
}
