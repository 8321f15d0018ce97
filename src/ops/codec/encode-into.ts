import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Progress } from '../../core/progress.ts';
import type { BackupFile } from '../backup/manifest.ts';
import { hashTree } from '../backup/repository.ts';
import { isPlain, type Coding, type Encryption } from './coding.ts';
import { KEY_FILE } from './data-key.ts';
import { encodeFile } from './encoded-file.ts';
import { withPlainFolder } from './plain-folder.ts';

export interface EncodeInputs {
  readonly coding: Coding;
  /** Folder of this machine for what is plain for a moment. */
  readonly plain: string;
  /** The folder of the backup that is being made. */
  readonly making: string;
  /** So much room is needed for what is plain. */
  readonly bytes: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A backup whose files were written by a program of PostgreSQL. */
export interface Encoded<T> {
  readonly taken: T;
  readonly files: BackupFile[];
}

/**
 * `take` writes the files of a backup into a folder. Where nothing is done to them that is the folder of the backup itself, else another one,
 * from which each file goes as soon as it is coded: beside them where nothing is to be encrypted, else of mode 0700 outside of the repository.
 */
export async function encodeInto<T>(inputs: EncodeInputs, take: (folder: string) => Promise<T>): Promise<Encoded<T>> {
  const { coding, plain, making, progress } = inputs;
  if (isPlain(coding)) {
    const taken = await take(making);
    const step = progress.step('hash what was written', undefined, 'bytes');
    const files = await hashTree(making, (bytes) => step.tick(bytes));
    step.done();
    return { taken, files };
  }
  const throughFolder = async (folder: string): Promise<Encoded<T>> => {
    const taken = await take(folder);
    return { taken, files: await encodeTree(folder, inputs) };
  };
  if (coding.key !== null) return withPlainFolder(plain, inputs.bytes, throughFolder);
  const staging = join(making, '.taken');
  await mkdir(staging, { mode: 0o700 });
  const encoded = await throughFolder(staging);
  await rm(staging, { recursive: true });
  return encoded;
}

/** Writes the wrapped key beside the files. What the manifest says of it. */
export async function encryptionOf({ key }: Coding, making: string): Promise<Encryption | null> {
  if (key === null) return null;
  await writeFile(join(making, KEY_FILE), key.wrapped, { mode: 0o600, flag: 'wx' });
  return key.encryption;
}

async function encodeTree(plain: string, { coding, making, progress, signal }: EncodeInputs): Promise<BackupFile[]> {
  const step = progress.step(coding.key === null ? 'compress' : 'encrypt', undefined, 'bytes');
  const entries = await readdir(plain, { recursive: true, withFileTypes: true });
  const paths = entries.flatMap((one) => (one.isDirectory() ? [] : [join(one.parentPath, one.name)])).toSorted();
  const files: BackupFile[] = [];
  for (const path of paths) {
    const name = relative(plain, path).split(sep).join('/');
    files.push(await encodeFile(path, making, name, coding, { signal, onBytes: (bytes) => step.tick(bytes) }));
    await rm(path);
  }
  step.done();
  return files;
}
