import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from '../storage/durable.ts';
import { contentProblem, placeWal } from './archive.ts';
import { parseWalName } from './segment.ts';

/** Beside the file the server waits for, in pg_wal as a rule: the same disk, so that handing over is a change of name. */
export const prefetchFolder = (target: string): string => join(dirname(target), '.dbctl-prefetch');

/** Held by the process that brings segments ahead. */
export const prefetchLock = (folder: string): string => join(folder, 'lock');

const AT = 'at';
const COMING = '.coming';

/** Says how far the recovery is. Makes the folder. */
export async function tellPosition(folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `${AT}.${process.pid}`);
  await writeFile(draft, name, { mode: 0o600 });
  await rename(draft, join(folder, AT));
}

/** How far the recovery is; null: the folder is gone, or nobody has said. */
export const readPosition = (folder: string): Promise<string | null> => readFile(join(folder, AT), 'utf8').catch(() => null);

/** What is in the folder. */
export interface Prefetched {
  /** File of each segment that is there, by segment: its name ends with the SHA-256 of its content. */
  readonly ready: ReadonlyMap<string, string>;
  /** Segments that are being brought, unless whoever did has died. */
  readonly coming: ReadonlySet<string>;
}

export async function readPrefetched(folder: string): Promise<Prefetched> {
  const files = await readdir(folder).catch(() => []);
  return {
    ready: new Map(files.filter((file) => /^[0-9A-F]{24}\.[0-9a-f]{64}$/.test(file)).map((file) => [file.slice(0, 24), file])),
    coming: new Set(files.filter((file) => file.endsWith(COMING)).map((file) => file.slice(0, 24))),
  };
}

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export const markComing = (folder: string, name: string): Promise<void> =>
  writeFile(join(folder, `${name}${COMING}`), '', { mode: 0o600 });

export const unmarkComing = (folder: string, name: string): Promise<void> =>
  rm(join(folder, `${name}${COMING}`), { force: true });

/** Puts a segment there, whole and on the disk before it has its name. */
export const putPrefetched = (folder: string, name: string, bytes: Buffer): Promise<void> =>
  placeWal(bytes, join(folder, `${name}.${hashOf(bytes)}`));

/**
 * Hands a segment over under `target`. Nothing is believed: its bytes must have the hash they were put there with, and be the segment its name
 * says. False: they are not, the file is thrown away, and the segment has to come from the repository.
 */
export async function handOver(folder: string, file: string, target: string): Promise<boolean> {
  const path = join(folder, file);
  const [name = '', hash] = file.split('.');
  const parsed = parseWalName(name);
  const bytes = await readFile(path).catch(() => null);
  const good =
    bytes !== null && parsed !== undefined && hashOf(bytes) === hash && typeof contentProblem(parsed, bytes) !== 'string';
  if (!good) {
    await rm(path, { force: true });
    return false;
  }
  await rename(path, target);
  await syncPath(dirname(target));
  return true;
}

/** Takes away what somebody left who was killed; the caller holds the lock. */
export async function clearUnfinished(folder: string): Promise<void> {
  for (const file of await readdir(folder).catch(() => [])) {
    if (file.endsWith(COMING) || file.includes('.dbctl-')) await rm(join(folder, file), { force: true });
  }
}

/** Takes away what nobody will ask for; with no names all of it, and the folder itself. */
export async function clearPrefetched(folder: string, keep?: ReadonlySet<string>): Promise<void> {
  if (keep === undefined) return rm(folder, { recursive: true, force: true });
  for (const [name, file] of (await readPrefetched(folder)).ready) {
    if (!keep.has(name)) await rm(join(folder, file), { force: true });
  }
}
