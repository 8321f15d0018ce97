import { setTimeout as sleep } from 'node:timers/promises';

/** Locks that are not granted are asked for so often before the rule is left to the next run. */
export const LOCK_TRIES = 8;

/** Waits before the next try, `tries` having been made: a table lock is mostly that of a migration, and a moment later it is gone. */
export async function lockPause(tries: number, signal: AbortSignal): Promise<void> {
  await sleep(100 * 2 ** Math.min(tries, 4) * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
}
