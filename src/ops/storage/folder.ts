import { constants, createWriteStream } from 'node:fs';
import { chmod, copyFile, link, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DbctlError, fail } from '../../core/errors.ts';
import { syncPath, writeDurably } from './durable.ts';
import { isTemporary, LEFT_AFTER_MS, temporaryName } from './key.ts';
import { paced } from './pace.ts';
import { giveBack, recycledRead } from './recycled-read.ts';
import type { Content, Storage, StoredFile, Transfer } from './storage.ts';

/**
 * A folder of this machine. Files are 0600 and folders 0700, whatever the umask. A removal takes along what killed runs left beside the file more
 * than a day ago by `clock`; without one it stays.
 */
export function folderStorage(path: string, clock?: () => Date): Storage & { readonly folder: string } {
  const folder = resolve(path);
  const failed =
    (key: string) =>
    (thrown: unknown): never => {
      throw storageError(join(folder, key), thrown);
    };
  return {
    place: folder,
    folder,
    list: (prefix) => list(folder, prefix).catch(failed(prefix)),
    names: (prefix) => names(join(folder, prefix)).catch(failed(prefix)),
    read: (key) => read(join(folder, key)).catch(failed(key)),
    write: (key, content, transfer) => write(join(folder, key), content, transfer).catch(failed(key)),
    create: (key, content) => create(join(folder, key), content).catch(failed(key)),
    remove: async (keys) => {
      for (const key of keys) await rm(join(folder, key), { force: true }).catch(failed(key));
      if (clock === undefined) return;
      const before = clock().getTime() - LEFT_AFTER_MS;
      for (const one of new Set(keys.map((key) => dirname(key)))) await removeLeft(join(folder, one), before).catch(failed(one));
    },
    stateOf: (key) => stateOf(join(folder, key)).catch(failed(key)),
    leftBehind: (prefix, now, act) => leftBehind(folder, prefix, now, act).catch(failed(prefix)),
    close: () => Promise.resolve(),
  };
}

async function list(folder: string, prefix: string): Promise<StoredFile[]> {
  const entries = await readdir(join(folder, prefix), { recursive: true, withFileTypes: true }).catch(noneWhereAbsent);
  const found: StoredFile[] = [];
  for (const entry of entries.filter((one) => !one.isDirectory() && !isTemporary(one.name))) {
    const path = join(entry.parentPath, entry.name);
    // A link, a pipe or a device is not followed: what it leads to is not in this storage, and a pipe would never end.
    const bytes = entry.isFile() ? await lstat(path).then(({ size }) => size, goneMeanwhile) : -1;
    if (bytes !== null) found.push({ key: relative(folder, path).split(sep).join('/'), bytes });
  }
  return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

async function names(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(noneWhereAbsent);
  const shown = entries.filter((entry) => !isTemporary(entry.name));
  return shown.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).toSorted();
}

/**
 * A link is not followed: whoever may write here could have files shown that only the caller may read. To open a pipe would wait for somebody who
 * writes into it.
 */
const PLAINLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

async function read(path: string): Promise<Readable | null> {
  const handle = await open(path, PLAINLY).catch(goneMeanwhile);
  if (handle === null) return null;
  if ((await handle.stat()).isFile()) return recycledRead(handle);
  await handle.close();
  return fail('backup.failed', `${path}: it is not a plain file`, { hint: 'Find out who put it there.' });
}

/** Another file under the name is another inode; a change of this one has another time of change, which nobody can set. */
async function stateOf(path: string): Promise<string | null> {
  const found = await lstat(path, { bigint: true }).catch(goneMeanwhile);
  return found === null ? null : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}

async function write(path: string, content: Content, transfer?: Transfer): Promise<void> {
  await beside(path, async (temporary) => {
    if (Buffer.isBuffer(content)) {
      await transfer?.pace?.(content.length, transfer.signal);
      await writeDurably(temporary, content);
      transfer?.onBytes(content.length);
    } else await copyDurably(content.path, temporary, transfer);
    await rename(temporary, path);
  });
}

/** A link fails where the name is taken, which a rename would not. */
function create(path: string, content: Buffer): Promise<boolean> {
  return beside(path, async (temporary) => {
    await writeDurably(temporary, content);
    return link(temporary, path).then(
      () => true,
      (thrown: NodeJS.ErrnoException) => {
        if (thrown.code === 'EEXIST') return false;
        throw thrown;
      },
    );
  });
}

async function leftBehind(folder: string, prefix: string, now: Date, act: 'list' | 'remove'): Promise<StoredFile[]> {
  const entries = await readdir(join(folder, prefix), { recursive: true, withFileTypes: true }).catch(noneWhereAbsent);
  const left: StoredFile[] = [];
  for (const entry of entries.filter((one) => one.isFile() && isTemporary(one.name))) {
    const path = join(entry.parentPath, entry.name);
    const found = await lstat(path).catch(goneMeanwhile);
    if (found === null || now.getTime() - found.mtimeMs <= LEFT_AFTER_MS) continue;
    left.push({ key: relative(folder, path).split(sep).join('/'), bytes: found.size });
    if (act === 'remove') await rm(path, { force: true });
  }
  return left;
}

/** `make` fills a file of another name in the same folder and gives it its own; nothing of it is left where that fails. */
async function beside<T>(path: string, make: (temporary: string) => Promise<T>): Promise<T> {
  const folder = dirname(path);
  const created = await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, temporaryName());
  try {
    const made = await make(temporary);
    await syncUp(folder, created === undefined ? folder : dirname(created));
    return made;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Brings the names in a folder and in those above it to the disk, up to one of them. */
async function syncUp(folder: string, last: string): Promise<void> {
  await syncPath(folder);
  if (folder !== last) await syncUp(dirname(folder), last);
}

async function removeLeft(folder: string, before: number): Promise<void> {
  for (const name of (await readdir(folder).catch(noneWhereAbsent)).filter(isTemporary)) {
    const found = await lstat(join(folder, name)).catch(goneMeanwhile);
    if (found !== null && found.mtimeMs < before) await rm(join(folder, name), { force: true });
  }
}

async function copyDurably(from: string, to: string, transfer?: Transfer): Promise<void> {
  if (transfer === undefined) await copyFile(from, to);
  else {
    const source = recycledRead(await open(from));
    // One byte that waits is enough for the next one not to be asked for: a piece is given back when it is written.
    const target = createWriteStream(to, { mode: 0o600, flags: 'wx', highWaterMark: 1 });
    // Stopped before the file is open it would appear behind the back of whoever removes it.
    const closed = new Promise<void>((resolve) => target.once('close', resolve));
    try {
      await pipeline(source, (chunks: AsyncIterable<Buffer>) => watched(chunks, transfer), target, { signal: transfer.signal });
    } finally {
      await closed;
    }
  }
  await chmod(to, 0o600);
  await syncPath(to);
}

async function* watched(chunks: AsyncIterable<Buffer>, { pace, signal, onBytes }: Transfer): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for await (const stride of pace === undefined ? [chunk] : paced(chunk, pace, signal)) yield stride;
    onBytes(chunk.length);
    giveBack(chunk);
  }
}

const noneWhereAbsent = (thrown: NodeJS.ErrnoException): [] => {
  if (thrown.code === 'ENOENT') return [];
  throw thrown;
};

/** Files of others come and go. */
const goneMeanwhile = (thrown: NodeJS.ErrnoException): null => {
  if (thrown.code === 'ENOENT') return null;
  throw thrown;
};

/** What the system said of a path, in words: storage.failed, or backup.failed of a link or a pipe. What it did not say stays as it is. */
export function storageError(path: string, thrown: unknown): Error {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'ABORT_ERR' || code === undefined || thrown instanceof DbctlError) return thrown as Error;
  const misplaced = MISPLACED.includes(code);
  return new DbctlError(misplaced ? 'backup.failed' : 'storage.failed', `${path}: ${WORDS[code] ?? code}`, {
    hint: misplaced ? 'Find out who put it there.' : 'Look at the disk, the path and its rights.',
    cause: thrown,
  });
}

/** Said of what is there, and not of a place that does not do what was asked. */
const MISPLACED: readonly string[] = ['ELOOP', 'ENXIO'];

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'the file system does not allow it',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk fails (EIO)',
  ELOOP: 'it is a link, and none is followed here',
  ENXIO: 'it is not a plain file',
  EEXIST: 'something else is in its place',
  ENOTDIR: 'it is not a folder',
};
