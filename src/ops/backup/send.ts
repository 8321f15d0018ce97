import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { atOnce } from '../storage/at-once.ts';
import { syncPath } from '../storage/durable.ts';
import { isTemporary } from '../storage/key.ts';
import type { Storage, Transfer } from '../storage/storage.ts';
import { MANIFEST, SEAL, type BackupFile } from './manifest.ts';
import { SENDING, UNFINISHED, readText, withRepositoryLock, type Repository } from './repository.ts';

/** A sealed backup whose files are in a folder of this machine. */
export interface SealedBackup {
  readonly id: string;
  readonly folder: string;
  readonly files: readonly BackupFile[];
  /** Text of its manifest. */
  readonly text: string;
  /** Text of its signed note. */
  readonly seal: string;
  /** Files that are no part of what is sealed, such as a wrapped key: their names to their texts. */
  readonly beside?: Readonly<Record<string, string>>;
}

export type Sent = 'sent' | 'there already';

/**
 * Sends a backup to a repository, where it appears when every file of it is there. A run that was killed is gone on with: files that are there
 * in their full size are not sent again. Fails with refused where another backup has that name, with storage.failed, and with lock.held.
 */
export async function sendBackup(sealed: SealedBackup, to: Repository, transfer: Transfer): Promise<Sent> {
  return withRepositoryLock(to, transfer.signal, async () => {
    const { id, text } = sealed;
    const there = await readText(to, `${id}/${MANIFEST}`);
    const complete = there !== null && (await readText(to, `${id}/${UNFINISHED}`)) === null;
    if (complete && there === text) return 'there already';
    if (there !== null && there !== text)
      fail('refused', `${to.name} has another ${id}`, { hint: 'Find out who made it: dbctl backup show, in both repositories.' });
    if (to.storage.folder === null) await fillBucket(sealed, to.storage, transfer);
    else await fillFolder(sealed, to.storage, to.storage.folder, transfer);
    return 'sent';
  });
}

/** Beside the others under a name that is no backup's, and renamed when it is whole. */
async function fillFolder(sealed: SealedBackup, storage: Storage, folder: string, transfer: Transfer): Promise<void> {
  const making = `${SENDING}${sealed.id}`;
  await removeTemporary(join(folder, making));
  await sendFiles(sealed, storage, `${making}/`, transfer);
  await rename(join(folder, making), join(folder, sealed.id));
  await syncPath(folder);
}

/** What a run that was killed was writing would get its name with the others; the lock of the repository says that nobody writes there now. */
async function removeTemporary(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return [];
    throw thrown;
  });
  for (const { name, parentPath } of entries) if (isTemporary(name)) await rm(join(parentPath, name), { force: true });
}

/** Where nothing can be renamed a mark says that it is not whole yet. It is the first that comes and the last that goes. */
async function fillBucket(sealed: SealedBackup, storage: Storage, transfer: Transfer): Promise<void> {
  const mark = `${sealed.id}/${UNFINISHED}`;
  await storage.write(mark, Buffer.from('dbctl backup sync goes on with it.\n'));
  await sendFiles(sealed, storage, `${sealed.id}/`, transfer);
  await storage.remove([mark]);
}

/** Files on their way at the same time: a dump has many small ones, and another place is a round trip away. */
const AT_ONCE = 4;

async function sendFiles(
  { folder, files, text, seal, beside = {} }: SealedBackup,
  storage: Storage,
  prefix: string,
  transfer: Transfer,
): Promise<void> {
  const there = new Map((await storage.list(prefix)).map(({ key, bytes }) => [key, bytes]));
  await atOnce(files, AT_ONCE, transfer.signal, async ({ path, bytes }, signal) => {
    const key = `${prefix}${path}`;
    if (there.get(key) === bytes) transfer.onBytes(bytes);
    else await storage.write(key, { path: join(folder, path) }, { ...transfer, signal });
  });
  const last = { ...beside, [SEAL]: seal, [MANIFEST]: text };
  for (const [path, content] of Object.entries(last)) await storage.write(`${prefix}${path}`, Buffer.from(content));
}
