import { fail } from '../../core/errors.ts';
import { signNote } from '../signing/note.ts';
import type { Signer } from '../signing/signer.ts';
import { mapAtOnce } from '../storage/at-once.ts';
import { parentsFirst } from './chain.ts';
import { MANIFEST, manifestText, sha256Of, type Manifest } from './manifest.ts';
import { holdOn } from './holds.ts';
import { hasPruneNote, noteKey, pruneText } from './prune.ts';
import { backupFolders, readText, removeFiles, withRepositoryLock, type Repository } from './repository.ts';
import type { KnownBackup } from './verify.ts';

/**
 * Removes backups, each before what it was made on. A signed note stays in place of each, so that the chain of manifests shows a removal by right.
 * What was decided before is looked at again under the lock: fails with refused where an incremental backup that stays was made on one of them,
 * or somebody put one under hold; with lock.held, with storage.failed, and with interrupted between two of them.
 */
export async function removeBackups(
  repository: Repository,
  manifests: readonly Manifest[],
  signer: Signer,
  { signal, onRemoved }: { readonly signal: AbortSignal; readonly onRemoved: (id: string) => void },
): Promise<void> {
  const parents: Parents = new Map();
  for (const manifest of parentsFirst(manifests).toReversed()) {
    signal.throwIfAborted();
    await withRepositoryLock(repository, signal, async () => {
      await learnParents(repository, parents);
      requireNoChild(manifest.id, parents);
      await requireNoHold(repository, manifest.id);
      await removeOne(repository, manifest, signer);
      parents.delete(manifest.id);
    });
    onRemoved(manifest.id);
  }
}

/**
 * What is left of removals that were killed half-way, by its id: it has a note of ours, and no manifest any more. Where folders can be renamed
 * there is none.
 */
export async function unfinishedRemovals(
  repository: Repository,
  known: readonly KnownBackup[],
  publicKeys: readonly string[],
): Promise<string[]> {
  if (repository.storage.folder !== null) return [];
  const backups = new Set(known.map(({ id }) => id));
  const folders = (await backupFolders(repository)).filter((id) => !backups.has(id));
  const noted = await mapAtOnce(folders, (id) => hasPruneNote(repository, id, publicKeys));
  return folders.filter((_, index) => noted[index]);
}

/** Takes it away. Fails with lock.held, and with storage.failed. */
export async function finishRemovals(repository: Repository, ids: readonly string[], signal: AbortSignal): Promise<void> {
  for (const id of ids) await withRepositoryLock(repository, signal, () => removeFiles(repository, id));
}

async function removeOne(repository: Repository, manifest: Manifest, signer: Signer): Promise<void> {
  const { id } = manifest;
  const note = await signNote(pruneText(id, sha256Of(manifestText(manifest))), signer);
  await repository.storage.write(noteKey(id), Buffer.from(note));
  await removeFiles(repository, id);
}

/** By backup: the one it was made on; undefined: on none. */
type Parents = Map<string, string | undefined>;

/**
 * Reads the manifests that are not known yet: one never changes, and to read all of them before each removal took 11 minutes for 2,000 backups.
 * Seals are not asked: what a manifest nobody believes needs is not taken away either.
 */
async function learnParents(repository: Repository, parents: Parents): Promise<void> {
  const there = await backupFolders(repository);
  const unknown = there.filter((id) => !parents.has(id));
  await mapAtOnce(unknown, async (id) => {
    const text = await readText(repository, `${id}/${MANIFEST}`);
    if (text !== null) parents.set(id, parentIn(text));
  });
  const present = new Set(there);
  for (const id of parents.keys()) if (!present.has(id)) parents.delete(id);
}

function parentIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { parent?: { id?: string } | null }).parent?.id;
  } catch {
    // Broken, and told by backup list; nobody can restore it.
    return undefined;
  }
}

function requireNoChild(id: string, parents: Parents): void {
  for (const [child, parent] of parents) {
    if (parent === id)
      fail('refused', `${id} is needed by ${child}, which was made on it`, { hint: 'Look again: dbctl backup prune --dry-run.' });
  }
}

async function requireNoHold(repository: Repository, id: string): Promise<void> {
  const reason = await holdOn(repository, id);
  if (reason !== null)
    fail('refused', `${id} was put under hold meanwhile: ${reason}`, { hint: 'Look again: dbctl backup prune --dry-run.' });
}
