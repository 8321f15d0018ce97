import { DbctlError } from '../../core/errors.ts';
import { followChain } from './chain.ts';
import { KEY_FILE, wrappedKeyProblem } from '../codec/data-key.ts';
import { mapAtOnce } from '../storage/at-once.ts';
import { manifestText, openManifest, sha256Of, type BackupFile, type Manifest } from './manifest.ts';
import { linksOf } from './previous.ts';
import { wasPruned } from './prune.ts';
import { unreadText } from './unread.ts';
import { backupIds, hashBackup, readManifestTexts, readText, type Repository } from './repository.ts';

/** A backup as its seal shows it. `unread`: the place it is in did not give its manifest or seal, which says nothing of the backup. */
export type KnownBackup =
  | { readonly id: string; readonly state: 'sealed'; readonly manifest: Manifest }
  | { readonly id: string; readonly state: 'broken' | 'unread'; readonly problem: string };

/**
 * Reads one backup's manifest. A broken one is an answer, not an error, and so is one that could not be read: the others of the list are wanted
 * all the same.
 */
export async function knowBackup(repository: Repository, id: string, publicKeys: readonly string[]): Promise<KnownBackup> {
  try {
    const { text, seal } = await readManifestTexts(repository, id);
    return { id, state: 'sealed', manifest: openManifest(id, text, seal, publicKeys) };
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code === 'storage.failed')
      return { id, state: 'unread', problem: unreadText(thrown) };
    if (thrown instanceof DbctlError || thrown instanceof SyntaxError) return { id, state: 'broken', problem: thrown.message };
    throw thrown;
  }
}

/** Hashes every file of a backup again. What differs from the manifest, one sentence each; none when all is as it was sealed. */
export async function verifyFiles(
  repository: Repository,
  { id, files }: Manifest,
  onBytes: (bytes: number) => void,
): Promise<string[]> {
  return fileDifferences(files, await hashBackup(repository, id, onBytes));
}

export function fileDifferences(expected: readonly BackupFile[], found: readonly BackupFile[]): string[] {
  const there = new Map(found.map((file) => [file.path, file]));
  const known = new Set(expected.map(({ path }) => path));
  return [
    ...expected.flatMap(({ path, bytes, sha256 }) => {
      const file = there.get(path);
      if (file === undefined) return [`${path} is missing`];
      if (file.bytes < 0) return [`${path} is no longer a plain file`];
      if (file.bytes !== bytes) return [`${path} has ${file.bytes} bytes instead of ${bytes}`];
      return file.sha256 === sha256 ? [] : [`${path} has other bytes than were written`];
    }),
    ...found.filter(({ path }) => !known.has(path)).map(({ path }) => `${path} is no part of the backup`),
  ];
}

/** Every backup of a repository, oldest first. */
export async function knowBackups(repository: Repository, publicKeys: readonly string[]): Promise<KnownBackup[]> {
  const ids = await backupIds(repository);
  return mapAtOnce(ids, (id) => knowBackup(repository, id, publicKeys));
}

/**
 * What is wrong with one backup, read whole: its seal, its files, and its place in the chain of `all`. None when nothing is. Fails with
 * storage.failed where a file cannot be read.
 */
export async function backupProblems(
  repository: Repository,
  known: KnownBackup,
  { all, publicKeys, onBytes }: VerifyInputs,
): Promise<string[]> {
  if (known.state !== 'sealed') return [known.problem];
  const files = await verifyFiles(repository, known.manifest, onBytes);
  const { problem } = followChain(known.manifest, all);
  return [
    ...files,
    ...(await keyProblems(repository, known.manifest)),
    ...(problem === null || problem.unread ? [] : [problem.words]),
    ...(await chainProblems(repository, known.manifest, all, publicKeys)),
  ];
}

export interface VerifyInputs {
  /** Every backup of the repository. */
  readonly all: readonly KnownBackup[];
  readonly publicKeys: readonly string[];
  /** Called with the number of bytes read since the last call. */
  readonly onBytes: (bytes: number) => void;
}

/** What can be seen of the wrapped key without an identity. */
async function keyProblems(repository: Repository, { id, encryption }: Manifest): Promise<string[]> {
  const text = await readText(repository, `${id}/${KEY_FILE}`);
  if (encryption === null) return text === null ? [] : [`${KEY_FILE} is no part of the backup`];
  if (text === null) return [`${KEY_FILE} is missing`];
  const problem = wrappedKeyProblem(text);
  return problem === null ? [] : [problem];
}

/** Each manifest names those before it: one that was taken away or made anew shows at the next, unless prune says that it took it. */
async function chainProblems(
  repository: Repository,
  manifest: Manifest,
  all: readonly KnownBackup[],
  publicKeys: readonly string[],
): Promise<string[]> {
  const problems: string[] = [];
  for (const link of linksOf(manifest)) {
    const before = all.find(({ id }) => id === link.id);
    if (before === undefined) {
      const pruned = await wasPruned(repository, link.id, link.manifest, publicKeys);
      if (!pruned) problems.push(`the backup before it, ${link.id}, is gone`);
      continue;
    }
    // A broken one is told by itself, and so is one that could not be read.
    if (before.state === 'sealed' && sha256Of(manifestText(before.manifest)) !== link.manifest)
      problems.push(`the backup before it, ${link.id}, is not the one it followed`);
  }
  return problems;
}
