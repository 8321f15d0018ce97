import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, copyFile, link, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fail } from '../../core/errors.ts';
import { syncPath, writeDurably } from './durable.ts';
import { LEFT_AFTER_MS } from './key.ts';
import { paced } from './pace.ts';
import type { Content, Storage, StoredFile, Transfer } from './storage.ts';

/** A folder of this machine. Files are 0600 and folders 0700, whatever the umask. */
export function folderStorage(path: string): Storage & { readonly folder: string } {
  const folder = resolve(path);
  const failed = (key: string) => (thrown: unknown) => storageFailed(join(folder, key), thrown);
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
    },
    leftBehind: (prefix, now, act) => leftBehind(folder, prefix, now, act).catch(failed(prefix)),
    close: () => Promise.resolve(),
  };
}

async function list(folder: string, prefix: string): Promise<StoredFile[]> {
  const entries = await readdir(join(folder, prefix), { recursive: true, withFileTypes: true }).catch(noneWhereAbsent);
  const found: StoredFile[] = [];
  for (const entry of entries.filter((one) => !one.isDirectory())) {
    const path = join(entry.parentPath, entry.name);
    // A link, a pipe or a device is not followed: what it leads to is not in this storage, and a pipe would never end.
    const bytes = entry.isFile() ? await lstat(path).then(({ size }) => size, goneMeanwhile) : -1;
    if (bytes !== null) found.push({ key: relative(folder, path).split(sep).join('/'), bytes });
  }
  return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

async function names(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(noneWhereAbsent);
  return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).toSorted();
}

async function read(path: string): Promise<Readable | null> {
  const handle = await open(path, 'r').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return null;
    throw thrown;
  });
  return handle === null ? null : handle.createReadStream({ highWaterMark: 1 << 20 });
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

/** What {@link beside} leaves where it is killed. */
const LEFT = /(?:^|\/)\.[0-9a-f]{16}\.partial$/;

async function leftBehind(folder: string, prefix: string, now: Date, act: 'list' | 'remove'): Promise<StoredFile[]> {
  const left: StoredFile[] = [];
  for (const file of (await list(folder, prefix)).filter(({ key, bytes }) => bytes >= 0 && LEFT.test(key))) {
    const path = join(folder, file.key);
    const found = await lstat(path).catch(goneMeanwhile);
    if (found === null || now.getTime() - found.mtimeMs <= LEFT_AFTER_MS) continue;
    left.push(file);
    if (act === 'remove') await rm(path, { force: true });
  }
  return left;
}

/** `make` fills a file of another name in the same folder and gives it its own; nothing of it is left where that fails. */
async function beside<T>(path: string, make: (temporary: string) => Promise<T>): Promise<T> {
  const folder = dirname(path);
  const created = await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${randomBytes(8).toString('hex')}.partial`);
  try {
    const made = await make(temporary);
    await syncPath(folder);
    if (created !== undefined) await syncPath(dirname(created));
    return made;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function copyDurably(from: string, to: string, transfer?: Transfer): Promise<void> {
  if (transfer === undefined) await copyFile(from, to);
  else {
    const source = createReadStream(from, { highWaterMark: 1 << 20 });
    const target = createWriteStream(to, { mode: 0o600, flags: 'wx' });
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
  }
}

const noneWhereAbsent = (thrown: NodeJS.ErrnoException): [] => {
  if (thrown.code === 'ENOENT') return [];
  throw thrown;
};

/** Files of others come and go while a folder is read. */
const goneMeanwhile = (thrown: NodeJS.ErrnoException): null => {
  if (thrown.code === 'ENOENT') return null;
  throw thrown;
};

function storageFailed(path: string, thrown: unknown): never {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'ABORT_ERR' || code === undefined) throw thrown;
  return fail('storage.failed', `${path}: ${WORDS[code] ?? code}`, {
    hint: 'Look at the disk, the path and its rights.',
    cause: thrown,
  });
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'the file system does not allow it',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk fails (EIO)',
  EEXIST: 'something else is in its place',
  ENOTDIR: 'it is not a folder',
};
