import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError } from '../../core/errors.ts';
import { NOT_ACCEPTING } from '../../runtime/sqlstate/classes.ts';
import { readControlFile } from './control-file.ts';

/**
 * Settings with which the files of a server start on another machine, by a server from npm, whatever configuration they come with or were
 * started with: that of Debian lies in /etc and does not come, and the one of initdb in the data folder knows nothing of it.
 *
 * - Nobody looks in before the recovery has ended, so that max_connections and the like may be lower than those of production: a server that
 *   answers meanwhile refuses, or waits for ever where they were raised on the way.
 * - Prepared transactions and their locks come back from the log, and need the room they had.
 * - Its subscriptions must not start: the publisher cannot tell the copy from production, and what the copy takes from the slot production never
 *   gets.
 * - Libraries, kinds of compression, locales of messages and ways of reading it was not built with would keep it from starting.
 */
export async function startElsewhere(data: string): Promise<string> {
  const [room, major] = await Promise.all([readControlFile(data), readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')]);
  const lines = {
    hot_standby: 'off',
    max_logical_replication_workers: 0,
    shared_preload_libraries: '',
    session_preload_libraries: '',
    local_preload_libraries: '',
    huge_pages: 'off',
    wal_compression: 'off',
    default_toast_compression: 'pglz',
    lc_messages: 'C',
    ...(Number(major) >= 18 ? { io_method: 'worker' } : {}),
    ...(room === null
      ? {}
      : { max_prepared_transactions: room.maxPreparedTransactions, max_locks_per_transaction: room.maxLocksPerTransaction }),
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join('');
}

/** Asks a server that lets nobody in before its recovery has ended, again and again until it does, has `ended`, or the time is over. */
export async function whenOpen<T>(
  ask: () => Promise<T>,
  { ended, waitMs, signal }: { readonly ended: () => Promise<boolean>; readonly waitMs: number; readonly signal: AbortSignal },
): Promise<T> {
  for (const end = performance.now() + waitMs; ; await sleep(200, undefined, { signal })) {
    try {
      return await ask();
    } catch (thrown) {
      const early = thrown instanceof DbctlError && NOT_ACCEPTING.has(thrown.sqlstate ?? '');
      if (!early || performance.now() > end || (await ended())) throw thrown;
    }
  }
}
