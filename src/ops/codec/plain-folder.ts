import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { removeLeftFolders } from '../process/left-folders.ts';

const PREFIX = 'dbctl-plain-';

/**
 * A new folder of mode 0700 for what is plain for a moment; the caller removes it. What killed runs of this account left is removed first.
 * Fails with refused where there is too little room for so many bytes, or nothing can be made there.
 */
export async function makePlainFolder(folder: string, bytes: number): Promise<string> {
  const refuse = (problem: string) => (thrown: unknown) =>
    fail('refused', `${folder}, where backups are plain for a moment, ${problem}`, {
      hint: 'Name another folder in backup.encryption.work.',
      cause: thrown,
    });
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(refuse('cannot be made'));
  await removeLeftFolders(folder, PREFIX);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes)
    refuse(`has ${Math.round((bavail * bsize) / 1_000_000)} MB free, and ${Math.round(bytes / 1_000_000)} MB are needed`)(
      undefined,
    );
  return mkdtemp(join(folder, `${PREFIX}${process.pid}-`)).catch(refuse('cannot be written to'));
}

/** The same for the length of `use`. */
export async function withPlainFolder<T>(folder: string, bytes: number, use: (plain: string) => Promise<T>): Promise<T> {
  const plain = await makePlainFolder(folder, bytes);
  try {
    return await use(plain);
  } finally {
    await rm(plain, { recursive: true, force: true });
  }
}
