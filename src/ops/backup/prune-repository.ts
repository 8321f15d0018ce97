import { DbctlError } from '../../core/errors.ts';
import type { Signer } from '../signing/signer.ts';
import type { StoredFile } from '../storage/storage.ts';
import { readArchive } from '../wal/archive.ts';
import { leftWal, removeLeftWal } from '../wal/left-behind.ts';
import { planWalPrune, pruneWal, type WalPrune } from '../wal/prune.ts';
import type { KeepRule } from './keep.ts';
import type { Manifest } from './manifest.ts';
import { readHolds, requireNoStray } from './holds.ts';
import { planPrune, readLocks, type PruneDecision } from './prune.ts';
import { finishRemovals, removeBackups, unfinishedRemovals } from './remove.ts';
import type { Repository } from './repository.ts';
import { requireRead } from './unread.ts';
import { knowBackups } from './verify.ts';

/** What would go from one repository. */
export interface RepositoryPrune {
  readonly repository: Repository;
  /** Of each backup. */
  readonly decisions: readonly PruneDecision[];
  /** Of those that would go. */
  readonly going: readonly Manifest[];
  /** What is left of removals that were killed half-way. */
  readonly unfinished: readonly string[];
  /** Null: there is no log in the repository. */
  readonly wal: WalPrune | null;
  /** Half-written files of the log. */
  readonly left: readonly StoredFile[];
  /** Files of backups that were being sent in parts by runs that were killed. */
  readonly uploads: readonly StoredFile[];
}

/**
 * Looks and decides; removes nothing. Fails with storage.failed, also where a single manifest could not be read: what that backup was made on,
 * and which log it needs, would not be known. Fails with refused where a hold is of no backup.
 */
export async function planRepository(
  repository: Repository,
  publicKeys: readonly string[],
  rule: KeepRule,
  now: Date,
): Promise<RepositoryPrune> {
  const known = await knowBackups(repository, publicKeys);
  requireRead(known, `nothing was removed from ${repository.name}`);
  const holds = await readHolds(repository);
  requireNoStray(
    repository.name,
    holds,
    known.map(({ id }) => id),
  );
  const wished = planPrune(known, rule, holds);
  const locks = await readLocks(repository, idsOf(wished));
  // Once more: what a locked one was made on has to stay with it.
  const decisions = locks.size === 0 ? wished : planPrune(known, rule, new Map([...holds, ...locks]));
  const ids = new Set(idsOf(decisions));
  const archive = await readArchive(repository);
  const unfinished = await unfinishedRemovals(repository, known, publicKeys);
  const left = unfinished.map((id): PruneDecision => ({ id, act: 'remove', why: 'its removal was not finished' }));
  return {
    repository,
    decisions: [...decisions, ...left],
    unfinished,
    going: known.flatMap((one) => (one.state === 'sealed' && ids.has(one.id) ? [one.manifest] : [])),
    wal:
      archive.names.length === 0
        ? null
        : planWalPrune(
            archive,
            known.filter(({ id }) => !ids.has(id)),
          ),
    left: await leftWal(repository, now),
    uploads: (await repository.storage.leftUploads?.(now, 'list')) ?? [],
  };
}

const idsOf = (decisions: readonly PruneDecision[]): string[] =>
  decisions.flatMap(({ id, act }) => (act === 'remove' ? [id] : []));

/** What went. */
export interface Pruned {
  readonly backups: ReadonlySet<string>;
  readonly wal: boolean;
  /** Why not all of it did, for people; null: all of it did. */
  readonly problem: string | null;
}

/**
 * Removes what was planned. Backups first: a run that is killed leaves log nobody needs, and never a backup without its log. What the repository
 * refuses is an answer: others have to be pruned all the same. Fails with interrupted.
 */
export async function pruneRepository(
  { repository, going, unfinished, wal, left, uploads }: RepositoryPrune,
  signer: () => Promise<Signer>,
  { now, signal, onRemoved }: { readonly now: Date; readonly signal: AbortSignal; readonly onRemoved: (id: string) => void },
): Promise<Pruned> {
  const backups = new Set<string>();
  const note = (id: string): void => {
    backups.add(id);
    onRemoved(id);
  };
  try {
    await finishRemovals(repository, unfinished, signal);
    for (const id of unfinished) note(id);
    if (going.length > 0) await removeBackups(repository, going, await signer(), { signal, onRemoved: note });
    if (wal !== null && wal.remove.length > 0) await pruneWal(repository, wal, signal);
    if (left.length > 0) await removeLeftWal(repository, now);
    if (uploads.length > 0) await repository.storage.leftUploads?.(now, 'remove');
    return { backups, wal: true, problem: null };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || signal.aborted) throw thrown;
    return { backups, wal: false, problem: thrown.message };
  }
}
