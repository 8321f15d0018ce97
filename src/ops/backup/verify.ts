import { join } from 'node:path';
import { DbctlError } from '../../core/errors.ts';
import { openManifest, type BackupFile, type Manifest } from './manifest.ts';
import { hashTree, readManifestTexts, type Repository } from './repository.ts';

/** A backup as its seal shows it. */
export type KnownBackup =
  | { readonly id: string; readonly state: 'sealed'; readonly manifest: Manifest }
  | { readonly id: string; readonly state: 'broken'; readonly problem: string };

/** Reads one backup's manifest. A broken one is an answer, not an error: the others of the list are wanted all the same. */
export async function knowBackup(repository: Repository, id: string, publicKeys: readonly string[]): Promise<KnownBackup> {
  try {
    const { text, seal } = await readManifestTexts(repository, id);
    return { id, state: 'sealed', manifest: openManifest(id, text, seal, publicKeys) };
  } catch (thrown) {
    if (thrown instanceof DbctlError || thrown instanceof SyntaxError) return { id, state: 'broken', problem: thrown.message };
    throw thrown;
  }
}

/** Hashes every file of a backup again. What differs from the manifest, one sentence each; none when all is as it was sealed. */
export async function verifyFiles(
  { folder }: Repository,
  { id, files }: Manifest,
  onBytes: (bytes: number) => void,
): Promise<string[]> {
  return fileDifferences(files, await hashTree(join(folder, id), onBytes));
}

export function fileDifferences(expected: readonly BackupFile[], found: readonly BackupFile[]): string[] {
  const there = new Map(found.map((file) => [file.path, file]));
  const known = new Set(expected.map(({ path }) => path));
  return [
    ...expected.flatMap(({ path, bytes, sha256 }) => {
      const file = there.get(path);
      if (file === undefined) return [`${path} is missing`];
      if (file.bytes !== bytes) return [`${path} has ${file.bytes} bytes instead of ${bytes}`];
      return file.sha256 === sha256 ? [] : [`${path} has other bytes than were written`];
    }),
    ...found.filter(({ path }) => !known.has(path)).map(({ path }) => `${path} is no part of the backup`),
  ];
}
