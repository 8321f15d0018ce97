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

export interface BringInputs {
  readonly repository: Repository;
  readonly manifest: Manifest;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Fails with backup.failed where a file of the backup is not what was sealed: nothing of it is restored then. */
export async function requireFiles({ repository, manifest, progress }: BringInputs): Promise<void> {
  const step = progress.step('hash the backup', bytesIn(manifest), 'bytes');
  const differences = await verifyFiles(repository, manifest, (bytes) => step.tick(bytes));
  step.done();
  if (differences.length > 0) refuse(manifest, differences);
}

const bytesIn = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

export interface BroughtBackup {
  readonly folder: string;
  /** Removes what was brought. */
  release(): Promise<void>;
}

/**
 * The backup as a folder of this machine, every file as it was sealed: that of the repository itself, or a copy in its work folder that is
 * hashed while it comes. Fails with backup.failed where a file is not what was sealed.
 */
export async function bringBackup(inputs: BringInputs): Promise<BroughtBackup> {
  const { repository, manifest } = inputs;
  if (repository.storage.folder !== null) {
    await requireFiles(inputs);
    return { folder: join(repository.storage.folder, manifest.id), release: () => Promise.resolve() };
  }
  await mkdir(repository.work, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(repository.work, '.brought-'));
  const release = () => rm(folder, { recursive: true, force: true });
  try {
    await bringFiles(inputs, folder);
    return { folder, release };
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

/** The same for the length of `use`. */
export async function withBackupFolder<T>(inputs: BringInputs, use: (folder: string) => Promise<T>): Promise<T> {
  const brought = await bringBackup(inputs);
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

async function bringFiles({ repository, manifest, progress, signal }: BringInputs, folder: string): Promise<void> {
  const step = progress.step('bring the backup', bytesIn(manifest), 'bytes');
  const differences: string[] = [];
  for (const file of manifest.files) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    differences.push(...(await bringFile(repository, manifest.id, file, path, { signal, onBytes: (bytes) => step.tick(bytes) })));
  }
  step.done();
  if (differences.length > 0) refuse(manifest, differences);
}

/** Copies one file of a backup to a new path of this machine. What it differs in from what was sealed, a sentence; none when nothing does. */
export async function bringFile(
  { storage }: Repository,
  id: string,
  file: BackupFile,
  path: string,
  { signal, onBytes = () => {} }: { readonly signal: AbortSignal; readonly onBytes?: (bytes: number) => void },
): Promise<string[]> {
  const from = await storage.read(`${id}/${file.path}`);
  if (from === null) return [`${file.path} is missing`];
  const seen = new Seen(onBytes);
  await pipeline(from, seen, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal });
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
