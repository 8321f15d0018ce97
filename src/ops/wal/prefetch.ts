import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError } from '../../core/errors.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { isLocked, withLockFile } from '../process/lock.ts';
import { SYSTEM, fetchWalFromAny, readWalFromAny } from './archive.ts';
import {
  clearPrefetched,
  clearUnfinished,
  handOver,
  markComing,
  prefetchFolder,
  prefetchLock,
  putPrefetched,
  readPosition,
  readPrefetched,
  tellPosition,
  unmarkComing,
} from './prefetch-folder.ts';
import { addressOf, parseWalName, segmentName } from './segment.ts';

const LOOK_EVERY_MS = 20;

/** A segment that takes longer than this is fetched a second time rather than waited for. */
const PATIENCE_MS = 60_000;

/**
 * Fetches a file as fetchWalFromAny does, from the folder of what was brought ahead where it is there and good. `start` begins a process that
 * brings ahead what comes next; it is called when none lives. Fails as fetchWalFromAny does: the folder is a short cut, and never an answer.
 */
export async function fetchWalAhead(
  repositories: readonly Repository[],
  name: string,
  target: string,
  start: (folder: string) => void,
): Promise<boolean> {
  if (parseWalName(name)?.kind !== 'segment') return fetchWalFromAny(repositories, name, target);
  const folder = prefetchFolder(target);
  const taken = await takePrefetched(folder, name, target).catch(() => false);
  const found = taken || (await fetchWalFromAny(repositories, name, target));
  // A server that follows asks for what is not there yet, again and again, and on two timelines: only what it got is where it is.
  if (found) await goOnFrom(folder, name, start).catch(() => {});
  return found;
}

async function goOnFrom(folder: string, name: string, start: (folder: string) => void): Promise<void> {
  await tellPosition(folder, name);
  if (!(await isLocked(prefetchLock(folder)))) start(folder);
}

async function takePrefetched(folder: string, name: string, target: string): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(LOOK_EVERY_MS)) {
    const { ready, coming } = await readPrefetched(folder);
    const file = ready.get(name);
    if (file !== undefined) return handOver(folder, file, target);
    if (!coming.has(name) || !(await isLocked(prefetchLock(folder)))) return false;
  }
  return false;
}

export interface AheadInputs {
  readonly repositories: readonly Repository[];
  readonly folder: string;
  /** How many segments to be ahead. */
  readonly count: number;
  /** End, and leave nothing behind, when nobody has asked for so long. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** How many segments it has brought; 0 where another process is at it already. */
export async function bringAhead(inputs: AheadInputs): Promise<number> {
  const { folder, signal, repositories } = inputs;
  const [, segmentBytes = ''] = ((await firstSystem(repositories)) ?? '').trim().split(' ');
  if (segmentBytes === '') return 0;
  let held = false;
  try {
    return await withLockFile(prefetchLock(folder), { signal, waitMs: 0 }, () => {
      held = true;
      return keepAhead(inputs, Number(segmentBytes));
    });
  } catch (thrown) {
    if (!held && thrown instanceof DbctlError && thrown.code === 'lock.held') return 0;
    throw thrown;
  }
}

async function firstSystem(repositories: readonly Repository[]): Promise<string | null> {
  for (const repository of repositories) {
    const text = await readText(repository, SYSTEM).catch(() => null);
    if (text !== null) return text;
  }
  return null;
}

async function keepAhead({ repositories, folder, count, idleMs, signal }: AheadInputs, segmentBytes: number): Promise<number> {
  const flying = new Map<string, Promise<void>>();
  /** What was brought, or is not there: a segment that was handed over is not brought again. */
  const settled = new Set<string>();
  let [at, heardAt, brought] = ['', performance.now(), 0];
  await clearUnfinished(folder);
  const bring = async (name: string): Promise<void> => {
    await markComing(folder, name);
    // What is wrong with it is said to whoever asks for it.
    const bytes = await readWalFromAny(repositories, name).catch(() => null);
    if (bytes !== null) await putPrefetched(folder, name, bytes);
    settled.add(name);
    brought += bytes === null ? 0 : 1;
    await unmarkComing(folder, name);
  };
  try {
    while (!signal.aborted && performance.now() - heardAt < idleMs) {
      const now = await readPosition(folder);
      if (now === null) break;
      if (now !== at) {
        const next = new Set([now, ...namesAfter(now, count, segmentBytes)]);
        // A step forward leaves the past settled; a jump is a new beginning.
        const jumped = !settled.has(now);
        for (const name of settled) if (jumped || !next.has(name)) settled.delete(name);
        [at, heardAt] = [now, performance.now()];
        await clearPrefetched(folder, next);
      }
      const { ready } = await readPrefetched(folder);
      for (const name of namesAfter(at, count, segmentBytes)) {
        if (ready.has(name) || flying.has(name) || settled.has(name)) continue;
        flying.set(
          name,
          bring(name).finally(() => flying.delete(name)),
        );
      }
      await Promise.race([sleep(LOOK_EVERY_MS), ...flying.values()]);
    }
  } finally {
    await Promise.allSettled(flying.values());
    await clearPrefetched(folder);
  }
  return brought;
}

/** Names of the segments that come next on the timeline; none after what is no segment. Pure. */
export function namesAfter(name: string, count: number, segmentBytes: number): string[] {
  const file = parseWalName(name);
  if (file?.kind !== 'segment') return [];
  const begin = addressOf(file, segmentBytes);
  return Array.from({ length: count }, (_, index) =>
    segmentName(file.timeline, begin + BigInt((index + 1) * segmentBytes), segmentBytes),
  );
}
