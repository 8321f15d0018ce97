import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fail } from '../../core/errors.ts';
import { withLockFile } from '../process/lock.ts';
import { MANIFEST, SEAL, sha256Of, type BackupFile, type Manifest } from './manifest.ts';

/** A folder that holds backups, one folder each. A backup is there when its folder has its name: it gets that last, all at once. */
export interface Repository {
  readonly name: string;
  readonly folder: string;
}

const PARTIAL = '.partial-';

/**
 * Makes a backup: `fill` writes into a folder beside the others, which gets its name when `fill` is done and every file is on the disk. One
 * run at a time writes; what a killed run left is removed. Fails with lock.held after a minute, and with what `fill` throws.
 */
export async function addBackup<T>(
  { folder }: Repository,
  newId: () => string,
  signal: AbortSignal,
  fill: (making: string, id: string) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return withLockFile(join(folder, '.lock'), { signal, waitMs: 60_000 }, async () => {
    for (const name of await readdir(folder)) {
      // Nobody else holds the lock: whoever made it is dead.
      if (name.startsWith(PARTIAL)) await rm(join(folder, name), { recursive: true, force: true });
    }
    // Under the lock, so that names are in the order in which backups were made.
    const id = newId();
    const making = join(folder, `${PARTIAL}${id}`);
    await mkdir(making, { mode: 0o700 });
    try {
      const made = await fill(making, id);
      await syncTree(making);
      await rename(making, join(folder, id));
      await syncFolder(folder);
      return made;
    } catch (thrown) {
      await rm(making, { recursive: true, force: true });
      throw thrown;
    }
  });
}

/** Names of the backups, oldest first. */
export async function backupIds({ folder }: Repository): Promise<string[]> {
  const names = await readdir(folder, { withFileTypes: true }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return [];
    return fail('refused', `the repository ${folder} cannot be read: ${thrown.code}`, {
      hint: 'Look at the path and its rights.',
    });
  });
  return names
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
}

/** `learning_lab-20261121T091500123Z-1f0c`: the time is in the name, so that a listing is in order without opening anything. */
export function backupId(database: string, at: Date, random: string): string {
  const time = at.toISOString().replaceAll(/[-:.]/g, '');
  return `${database.replaceAll(/[^\w.-]/g, '_').replace(/^\./, '_')}-${time}-${random}`;
}

const timeOf = (id: string): string => /-(\d{8}T\d{9}Z-\w+)$/.exec(id)?.[1] ?? '';

/** The texts of manifest and seal. Fails with backup.failed where there is no such backup, or one of them is missing. */
export async function readManifestTexts({ name, folder }: Repository, id: string): Promise<{ text: string; seal: string }> {
  const read = (file: string) =>
    readFile(join(folder, id, file), 'utf8').catch(() =>
      fail('backup.failed', `${id} in ${name} has no ${file}`, { hint: 'dbctl backup list shows what is there.' }),
    );
  return { text: await read(MANIFEST), seal: await read(SEAL) };
}

/**
 * Every file below a folder, hashed, in the order of their names; manifest and seal left out. A link, a pipe or a device is not read: what
 * it leads to is not in the backup, and a pipe would never end.
 */
export async function hashTree(folder: string, onBytes: (bytes: number) => void): Promise<BackupFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({ path: relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'), plain: entry.isFile() }))
    .filter(({ path }) => path !== MANIFEST && path !== SEAL)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const files: BackupFile[] = [];
  for (const { path, plain } of found) files.push({ path, ...(plain ? await hashFile(join(folder, path), onBytes) : NO_FILE) });
  return files;
}

const NO_FILE = { bytes: -1, sha256: 'not a plain file' } as const;

async function hashFile(path: string, onBytes: (bytes: number) => void): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(chunk.length);
    }
  });
  return { bytes, sha256: hash.digest('hex') };
}

/** A dump compresses to a quarter of the rows, and half of a database is indexes: less free space than this is not enough. */
const SPACE_NEEDED = 0.25;

/** Fails with refused where the repository has too little room for a backup of so many bytes. */
export async function requireSpace(repository: Repository, databaseBytes: number): Promise<void> {
  await mkdir(repository.folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(repository.folder);
  const free = bavail * bsize;
  if (free >= databaseBytes * SPACE_NEEDED) return;
  fail('refused', `${repository.name} has ${megabytes(free)} free, and the database has ${megabytes(databaseBytes)}`, {
    hint: 'Remove old backups with dbctl backup prune, or take another repository.',
  });
}

/** The newest backup of the repository, as the next manifest names it. */
export async function previousOf(repository: Repository): Promise<Manifest['previous']> {
  const last = (await backupIds(repository)).at(-1);
  return last === undefined ? null : { id: last, manifest: sha256Of((await readManifestTexts(repository, last)).text) };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_000_000)} MB`;

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Rows may be anybody's secret: pg_dump leaves its files to the umask.
    if (!entry.isDirectory()) await chmod(path, 0o600);
    await syncFolder(path);
  }
  await syncFolder(folder);
}

/** Of a file or a folder alike: fsync asks for a handle, not for the right to write. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
