import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError, fail } from '../../core/errors.ts';
import { lsnText } from '../../core/lsn.ts';
import { withReplication } from '../../db/replication.ts';
import { withLockFile } from '../process/lock.ts';
import { Outbox } from './outbox.ts';
import type { ReceiveRequest, ReceiveState } from './receive-request.ts';
import { receiveOver } from './receive-session.ts';

export interface Received {
  /** Why it ended: `until` was reached, or the signal came. */
  readonly why: 'reached' | 'stopped';
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Up to where the log is on a disk of this side. */
  readonly lsn: string;
  readonly segments: number;
  readonly bytes: number;
  readonly reconnects: number;
}

/**
 * Streams the log into the archive until `until` or the signal. Confirms to the server what is on a disk here and no more: the segment being
 * written in the spool, all before it in the repository. Goes on after a lost connection and over a switch of the timeline.
 * Fails with refused where the archive is of another server or cannot be continued, with lock.held where another one receives into it, with
 * db.denied or db.unreachable at the first connection, with backup.failed where something cannot be stored.
 */
export async function receiveWal(request: ReceiveRequest): Promise<Received> {
  const {
    repositories: [repository],
    signal,
  } = request;
  await mkdir(repository.work, { recursive: true, mode: 0o700 });
  let held = false;
  try {
    return await withLockFile(join(repository.work, '.wal-receive.lock'), { signal, waitMs: 2_000 }, () => {
      held = true;
      return keepReceiving(request);
    });
  } catch (thrown) {
    if (held || !(thrown instanceof DbctlError) || thrown.code !== 'lock.held') throw thrown;
    const owner = /process \d+/.exec(thrown.message)?.[0] ?? 'another process';
    return fail('lock.held', `${owner} already receives the log into ${repository.name}`, {
      hint: 'One receiver is enough for an archive: end the other one first.',
    });
  }
}

async function keepReceiving(request: ReceiveRequest): Promise<Received> {
  const { signal, repositories, target, log } = request;
  const state: ReceiveState = {
    systemIdentifier: '',
    timeline: 0,
    lsn: 0n,
    until: null,
    streamed: false,
    segments: 0,
    bytes: 0,
    reconnects: 0,
    pauseMs: 0,
    onStored: async () => {},
  };
  const outbox = new Outbox(repositories, log, async (name) => {
    if (name.endsWith('.history')) return;
    state.segments += 1;
    log.debug(`stored ${name}`);
    await state.onStored(name);
  });
  const since = { lostAt: performance.now() };
  for (;;) {
    try {
      const over = { applicationName: 'dbctl wal receive', signal };
      const { kind, lsn } = await withReplication(target, over, (replication) =>
        receiveOver(replication, request, state, outbox),
      );
      return received(kind, lsn, state);
    } catch (thrown) {
      // What has come whole is stored, whatever happened to the connection.
      await outbox.empty();
      if (signal.aborted) return received('stopped', state.lsn, state);
      await pauseBefore(request, state, since, thrown);
    }
  }
}

const LONGEST_PAUSE_MS = 30_000;

/** Right after a receiver was killed the server may not have noticed yet. */
const SLOT_BUSY_MS = 10_000;

/** Waits before the next try. Fails with what was thrown where trying again is of no use. */
async function pauseBefore(
  { reconnectMs, log, signal }: ReceiveRequest,
  state: ReceiveState,
  since: { lostAt: number },
  thrown: unknown,
): Promise<void> {
  // It was connected in between.
  if (state.pauseMs === 0) since.lostAt = performance.now();
  const busy = thrown instanceof DbctlError && thrown.sqlstate === '55006';
  const lost = thrown instanceof DbctlError && (thrown.code === 'db.unreachable' || thrown.code === 'db.resources');
  const atFirst = busy ? SLOT_BUSY_MS : 0;
  const patience = state.streamed ? (reconnectMs ?? Infinity) : atFirst;
  if (!(lost || busy) || performance.now() - since.lostAt >= patience) throw thrown;
  state.pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(500, state.pauseMs * 2));
  log.warn(`${thrown.message}; trying again in ${state.pauseMs / 1000} s`);
  await sleep(state.pauseMs, undefined, { signal }).catch(() => {});
  if (!busy) state.reconnects += 1;
}

const received = (why: 'reached' | 'stopped', lsn: bigint, state: ReceiveState): Received => ({
  why,
  systemIdentifier: state.systemIdentifier,
  timeline: state.timeline,
  lsn: lsnText(lsn),
  segments: state.segments,
  bytes: state.bytes,
  reconnects: state.reconnects,
});
