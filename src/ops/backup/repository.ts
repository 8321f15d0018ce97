import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fail } from '../../core/errors.ts';
import { PLAIN, type Codec } from '../codec/codec.ts';
import { KEY_FILE } from '../codec/data-key.ts';
import { withLockFile } from '../process/lock.ts';
import { mapAtOnce } from '../storage/at-once.ts';
import { syncPath } from '../storage/durable.ts';
import { folderStorage, storageError } from '../storage/folder.ts';
import type { Storage } from '../storage/storage.ts';
import { MANIFEST, SEAL, type BackupFile } from './manifest.ts';

/** A storage that holds backups, one folder each. */
export interface Repository {
  readonly name: string;
  readonly storage: Storage;
  /** Folder of this machine for what is on its way to the storage or from it; of a folder, that folder itself. */
  readonly work: string;
  /** How what goes into it is compressed and encrypted. */
  readonly codec: Codec;
}

/** A repository in a folder: backups are made in it, and plain ones are restored from it without a copy. */
export type FolderRepository = Repository & { readonly folder: string };

export const folderRepository = (name: string, folder: string, codec: Codec = PLAIN): FolderRepository => {
  const storage = folderStorage(folder);
  return { name, storage, folder: storage.folder, work: storage.folder, codec };
};

/** Begins the name of what is not a backup yet, or not any more. */
export const PARTIAL = '.partial-';

/** The same for what is being sent to a folder from another repository; a later run goes on with it. */
export const SENDING = '.sending-';

/** Stands among the files of a backup that is being sent to where nothing can be renamed. */
export const UNFINISHED = '.unfinished';

/** What says that files are a backup. */
const SEALED: readonly string[] = [MANIFEST, SEAL];

/** Files of a backup that are not hashed into its manifest: it, its seal, and the wrapped key, which can be wrapped anew. */
const UNHASHED: readonly string[] = [KEY_FILE, ...SEALED];

/** One run at a time writes to a repository from this machine. Fails with lock.held after a minute. */
export async function withRepositoryLock<T>(
  { name, work }: Pick<Repository, 'name' | 'work'>,
  signal: AbortSignal,
  use: () => Promise<T>,
): Promise<T> {
  await makeFolder(work);
  return withLockFile(join(work, '.lock'), { signal, waitMs: 60_000, what: `the repository ${name}` }, use);
}

/** Fails with storage.failed where something else has that name, or the disk does not let it be made. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((thrown: NodeJS.ErrnoException) =>
    fail('storage.failed', `${path} cannot be made: ${thrown.code}`, {
      hint: 'Look at the disk, the path and its rights.',
      cause: thrown,
    }),
  );
}

/**
 * Names of the backups, oldest first. In a folder that is every folder; elsewhere, where files come one by one, what has a manifest or a seal, and
 * is not being sent.
 */
export async function backupIds(repository: Repository): Promise<string[]> {
  const { storage } = repository;
  const folders = await backupFolders(repository);
  const there = storage.folder === null ? await mapAtOnce(folders, (id) => hasManifest(storage, id)) : null;
  return folders.filter((_, index) => there === null || there[index]).toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
}

/** Names of what may be a backup, by one look; what is being sent and what is left of one are among them where nothing can be renamed. */
export async function backupFolders({ storage }: Repository): Promise<string[]> {
  const names = (await storage.names('')).filter((name) => name.endsWith('/') && !name.startsWith('.'));
  return names.map((name) => name.slice(0, -1));
}

async function hasManifest(storage: Storage, id: string): Promise<boolean> {
  const names = await storage.names(`${id}/`);
  return names.some((name) => SEALED.includes(name)) && !names.includes(UNFINISHED);
}

/** `learning_lab-20261121T091500123Z-1f0c`: the time is in the name, so that a listing is in order without opening anything. */
export function backupId(database: string, at: Date, random: string): string {
  const time = at.toISOString().replaceAll(/[-:.]/g, '');
  return `${database.replaceAll(/[^\w.-]/g, '_').replace(/^\./, '_')}-${time}-${random}`;
}

const timeOf = (id: string): string => /-(\d{8}T\d{9}Z-\w+)$/.exec(id)?.[1] ?? '';

/** The text under a key; null: it is not there. Fails with storage.failed, also where a disk fails in the middle of it. */
export async function readText({ storage }: Pick<Repository, 'storage'>, key: string): Promise<string | null> {
  const found = await storage.read(key);
  return found === null ? null : text(found).catch(unreadable(storage, key));
}

const unreadable =
  ({ place }: Storage, key: string) =>
  (thrown: unknown): never => {
    throw storageError(join(place, key), thrown);
  };

/** The texts of manifest and seal. Fails with backup.failed where there is no such backup, or one of them is missing. */
export async function readManifestTexts(repository: Repository, id: string): Promise<{ text: string; seal: string }> {
  const read = async (file: string) =>
    (await readText(repository, `${id}/${file}`)) ??
    fail('backup.failed', `${id} in ${repository.name} has no ${file}`, { hint: 'dbctl backup list shows what is there.' });
  return { text: await read(MANIFEST), seal: await read(SEAL) };
}

/** What stands beside a manifest and is not covered by it: the wrapped key of an encrypted backup. */
export async function readBeside(repository: Repository, id: string): Promise<Readonly<Record<string, string>>> {
  const key = await readText(repository, `${id}/${KEY_FILE}`);
  return key === null ? {} : { [KEY_FILE]: key };
}

/** Every file of a backup, hashed, in the order of their names; manifest, seal and wrapped key left out. */
export async function hashBackup({ storage }: Repository, id: string, onBytes: (bytes: number) => void): Promise<BackupFile[]> {
  return hashFiles(storage, `${id}/`, onBytes);
}

/** Every file of a folder of this machine, hashed in the same way. */
export const hashTree = (folder: string, onBytes: (bytes: number) => void): Promise<BackupFile[]> =>
  hashFiles(folderStorage(folder), '', onBytes);

async function hashFiles(storage: Storage, prefix: string, onBytes: (bytes: number) => void): Promise<BackupFile[]> {
  const found: BackupFile[] = [];
  for (const { key, bytes } of await storage.list(prefix)) {
    const path = key.slice(prefix.length);
    if (UNHASHED.includes(path)) continue;
    found.push({ path, ...(bytes < 0 ? NO_FILE : await hashOf(storage, key, onBytes)) });
  }
  return found;
}

const NO_FILE = { bytes: -1, sha256: 'not a plain file' } as const;

async function hashOf(
  storage: Storage,
  key: string,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of (await storage.read(key)) ?? []) {
      const read = chunk as Buffer;
      hash.update(read);
      bytes += read.length;
      onBytes(read.length);
    }
  } catch (thrown) {
    throw storageError(join(storage.place, key), thrown);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** A dump compresses to a quarter of the rows, and half of a database is indexes: less free space than this is not enough. */
export const SPACE_NEEDED = 0.25;

/** Fails with refused where the disk backups are made on has too little room for one of so many bytes. */
export async function requireSpace({ name, work }: Repository, databaseBytes: number): Promise<void> {
  await makeFolder(work);
  const { bavail, bsize } = await statfs(work);
  const free = bavail * bsize;
  if (free >= databaseBytes * SPACE_NEEDED) return;
  fail('refused', `${name} has ${megabytes(free)} free, and the database has ${megabytes(databaseBytes)}`, {
    hint: 'Remove old backups with dbctl backup prune, or take another repository.',
  });
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_000_000)} MB`;

/** Takes every file of a backup away. From the first moment it is none any more, also when the removal is killed half-way. */
export async function removeFiles({ storage }: Repository, id: string): Promise<void> {
  if (storage.folder !== null) {
    const going = join(storage.folder, `${PARTIAL}${id}`);
    await rename(join(storage.folder, id), going);
    await syncPath(storage.folder);
    await rm(going, { recursive: true, force: true });
    return;
  }
  await storage.remove(SEALED.map((file) => `${id}/${file}`));
  await storage.remove((await storage.list(`${id}/`)).map(({ key }) => key));
}

/** Removes what killed runs left in a folder; the caller holds the lock, so whoever made it is dead. */
export async function removePartial(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(PARTIAL)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
