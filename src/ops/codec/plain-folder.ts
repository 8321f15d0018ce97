import { lstat, mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { processStart } from '../process/process.ts';

const NAME = /^dbctl-plain-(\d+)-/;

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
  await removeLeft(folder);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes)
    refuse(`has ${Math.round((bavail * bsize) / 1_000_000)} MB free, and ${Math.round(bytes / 1_000_000)} MB are needed`)(
      undefined,
    );
  return mkdtemp(join(folder, `dbctl-plain-${process.pid}-`)).catch(refuse('cannot be written to'));
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

/** Only what belongs to this account: in a shared folder anybody may make something of that name. */
async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid] = NAME.exec(name) ?? [];
    if (pid === undefined || (await processStart(Number(pid))) !== undefined) continue;
    const path = join(folder, name);
    const left = await lstat(path).catch(() => null);
    if (left?.isDirectory() === true && left.uid === process.getuid?.()) await rm(path, { recursive: true, force: true });
  }
}
