import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import type { BackupFile, Manifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import { verifyFiles } from '../backup/verify.ts';
import { decrypter, openedPath } from '../codec/coding.ts';
import { makePlainFolder } from '../codec/plain-folder.ts';
import { unlockBackup } from '../codec/unlock.ts';
import { removeLeftFolders } from '../process/left-folders.ts';

export interface BringInputs {
  readonly repository: Repository;
  readonly manifest: Manifest;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Fails with backup.failed where a file of the backup is not what was sealed: nothing of it is restored then. */
export async function requireFiles({ repository, manifest, progress }: BringInputs): Promise<void> {
  const step = progress.step('hash the backup', bytesOf(manifest), 'bytes');
  const differences = await verifyFiles(repository, manifest, (bytes) => step.tick(bytes));
  step.done();
  if (differences.length > 0) refuse(manifest, differences);
}

export interface BroughtBackup {
  readonly folder: string;
  /** Removes what was brought. */
  release(): Promise<void>;
}

/**
 * The backup as a folder of this machine that can be restored from, every file as it was sealed: that of the repository itself, or a copy that
 * is hashed while it comes, and decrypted where it was encrypted. Fails with refused where no identity opens it, before anything is read; with
 * backup.failed where a file is not what was sealed.
 */
export async function bringBackup(inputs: BringInputs): Promise<BroughtBackup> {
  const { repository, manifest } = inputs;
  const dataKey = await unlockBackup(repository, manifest);
  if (dataKey === null) return bringStored(inputs);
  return filled(await makePlainFolder(repository.codec.plain, bytesOf(manifest)), (folder) =>
    bringFiles(inputs, folder, dataKey),
  );
}

/** Begins the name of a folder in the work folder, before the process it is for: several may bring backups at the same time. */
const BROUGHT = '.brought-';

/** The same, but encrypted files stay as they are stored: no identity is needed. */
async function bringStored(inputs: BringInputs): Promise<BroughtBackup> {
  const { repository, manifest } = inputs;
  if (repository.storage.folder !== null) {
    await requireFiles(inputs);
    return { folder: join(repository.storage.folder, manifest.id), release: () => Promise.resolve() };
  }
  await mkdir(repository.work, { recursive: true, mode: 0o700 });
  await removeLeftFolders(repository.work, BROUGHT);
  return filled(await mkdtemp(join(repository.work, `${BROUGHT}${process.pid}-`)), (folder) => bringFiles(inputs, folder, null));
}

async function filled(folder: string, fill: (folder: string) => Promise<void>): Promise<BroughtBackup> {
  const release = () => rm(folder, { recursive: true, force: true });
  try {
    await fill(folder);
    return { folder, release };
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

const bytesOf = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The same for the length of `use`. */
export async function withBackupFolder<T>(inputs: BringInputs, use: (folder: string) => Promise<T>): Promise<T> {
  return released(await bringBackup(inputs), use);
}

/** The files as they are stored, encrypted ones too, for the length of `use`. */
export async function withStoredFolder<T>(inputs: BringInputs, use: (folder: string) => Promise<T>): Promise<T> {
  return released(await bringStored(inputs), use);
}

async function released<T>(brought: BroughtBackup, use: (folder: string) => Promise<T>): Promise<T> {
  try {
    return await use(brought.folder);
  } finally {
    await brought.release();
  }
}

/** The same of several, each known to be as it was sealed before anything is done with one of them. */
export async function withBackupFolders<M extends Manifest, T>(
  inputs: Omit<BringInputs, 'manifest'>,
  manifests: readonly M[],
  use: (brought: readonly { readonly manifest: M; readonly folder: string }[]) => Promise<T>,
): Promise<T> {
  const [manifest, ...others] = manifests;
  if (manifest === undefined) return use([]);
  return withBackupFolder({ ...inputs, manifest }, (folder) =>
    withBackupFolders(inputs, others, (brought) => use([{ manifest, folder }, ...brought])),
  );
}

/** Decrypts what comes where there is a key; without one everything stays as it is stored. */
async function bringFiles(
  { repository, manifest, progress, signal }: BringInputs,
  folder: string,
  dataKey: Buffer | null,
): Promise<void> {
  const step = progress.step(dataKey === null ? 'bring the backup' : 'bring and decrypt the backup', bytesOf(manifest), 'bytes');
  const differences: string[] = [];
  for (const file of manifest.files) {
    const path = join(folder, dataKey === null ? file.path : openedPath(file.path));
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    differences.push(
      ...(await bringFile(repository, manifest.id, file, path, { signal, dataKey, onBytes: (bytes) => step.tick(bytes) })),
    );
  }
  step.done();
  if (differences.length > 0) refuse(manifest, differences);
}

interface BringFileInputs {
  readonly signal: AbortSignal;
  /** Decrypts it where it is encrypted; default: it stays as it is stored. */
  readonly dataKey?: Buffer | null;
  readonly onBytes?: (bytes: number) => void;
}

/** Copies one file of a backup to a new path of this machine. What it differs in from what was sealed, a sentence; none when nothing does. */
export async function bringFile(
  { storage }: Repository,
  id: string,
  file: BackupFile,
  path: string,
  { signal, dataKey = null, onBytes = () => {} }: BringFileInputs,
): Promise<string[]> {
  const from = await storage.read(`${id}/${file.path}`);
  if (from === null) return [`${file.path} is missing`];
  const seen = new Seen(onBytes);
  const decrypting = dataKey === null ? [] : decrypter(file.path, dataKey);
  await pipeline([from, seen, ...decrypting, createWriteStream(path, { mode: 0o600, flags: 'wx' })], { signal });
  return seen.differences(file);
}

/** Hashes what passes through. */
class Seen extends Transform {
  readonly #hash = createHash('sha256');
  readonly #onBytes: (bytes: number) => void;
  #bytes = 0;

  constructor(onBytes: (bytes: number) => void) {
    super();
    this.#onBytes = onBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#onBytes(chunk.length);
    done(null, chunk);
  }

  differences({ path, bytes, sha256 }: BackupFile): string[] {
    if (this.#bytes !== bytes) return [`${path} has ${this.#bytes} bytes instead of ${bytes}`];
    return this.#hash.digest('hex') === sha256 ? [] : [`${path} has other bytes than were written`];
  }
}

const refuse = (manifest: Manifest, differences: readonly string[]): never =>
  fail('backup.failed', `${manifest.id} is not what was sealed: ${differences.join('; ')}`, {
    hint: 'Take another one: dbctl backup list.',
  });
