import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DbctlError } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import type { Manifest } from './manifest.ts';
import { folderRepository, readBeside, readManifestTexts, type Repository } from './repository.ts';
import { sendBackup, type SealedBackup, type Sent } from './send.ts';

/** What became of a backup in one repository. */
export interface Distributed {
  readonly repository: string;
  /** Null: it did not get there. */
  readonly outcome: 'made' | Sent | null;
  readonly problem: string | null;
}

/**
 * The repository a backup is made in before it is sent to the others: the first that is a folder of this machine, else the first that answers, in
 * its work folder. Fails with storage.failed where none answers.
 */
export async function homeOf(repositories: readonly Repository[]): Promise<Repository> {
  const folder = repositories.find(({ storage }) => storage.folder !== null);
  if (folder !== undefined) return folder;
  let failure: unknown;
  for (const one of repositories) {
    try {
      await one.storage.names('');
      return one;
    } catch (thrown) {
      failure ??= thrown;
    }
  }
  throw failure;
}

/** Where backups of a repository are on this machine: those of a folder, and of another one those that are not sent yet. */
export const localOf = ({ name, storage, work, codec }: Repository): Repository =>
  folderRepository(name, storage.folder ?? work, codec);

/** A backup of a folder of this machine, ready to be sent. Fails with backup.failed where manifest or seal is missing. */
export async function sealedBackup(local: Repository, { id, files }: Manifest): Promise<SealedBackup> {
  const [texts, beside] = await Promise.all([readManifestTexts(local, id), readBeside(local, id)]);
  return { id, folder: join(local.storage.folder ?? local.work, id), files, ...texts, beside };
}

/**
 * Sends a backup that was just made to every repository it was not made in. One that fails does not stop the others: `backup sync` catches up.
 * What was made in a work folder goes from there when one repository has it.
 */
export async function distribute(
  manifest: Manifest,
  home: Repository,
  repositories: readonly Repository[],
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<Distributed[]> {
  const local = localOf(home);
  const sealed = await sealedBackup(local, manifest);
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const outcomes: Distributed[] = [];
  for (const to of repositories) {
    if (to === home && to.storage.folder !== null) {
      outcomes.push({ repository: to.name, outcome: 'made', problem: null });
      continue;
    }
    const step = progress.step(`send to ${to.name}`, bytes, 'bytes');
    try {
      const outcome = await sendBackup(sealed, to, { signal, onBytes: (sent) => step.tick(sent) });
      outcomes.push({ repository: to.name, outcome, problem: null });
      step.done();
    } catch (thrown) {
      step.failed();
      if (!(thrown instanceof DbctlError) || signal.aborted) throw thrown;
      outcomes.push({ repository: to.name, outcome: null, problem: thrown.message });
    }
  }
  if (home.storage.folder === null && outcomes.some(({ outcome }) => outcome !== null))
    await rm(sealed.folder, { recursive: true, force: true });
  return outcomes;
}
