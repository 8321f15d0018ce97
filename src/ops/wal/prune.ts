import { lsnNumber } from '../../core/lsn.ts';
import type { KnownBackup } from '../backup/verify.ts';
import { withRepositoryLock, type Repository } from '../backup/repository.ts';
import { removeWal, type WalArchive } from './archive.ts';
import { addressOf, parseWalName, segmentName } from './segment.ts';

/** What would go of the log, and why that and no more. */
export interface WalPrune {
  /** Files, oldest first; none where all of it stays. */
  readonly remove: readonly string[];
  /** Bytes they take in the repository. */
  readonly bytes: number;
  /** A sentence for people. */
  readonly why: string;
}

/**
 * Everything before the segment in which the oldest of the physical backups that stay begins. By position and not by timeline: each way from a
 * backup leads forward, whichever timeline it takes, so that nothing a backup needs is before its own beginning. Histories stay for ever, since
 * a new timeline must get a number nobody has. Without a physical backup of this server, and while one cannot be trusted, all of it stays. Pure.
 */
export function planWalPrune({ names, sizes, system }: WalArchive, kept: readonly KnownBackup[]): WalPrune {
  const stays = (why: string): WalPrune => ({ remove: [], bytes: 0, why });
  if (system === null) return stays('nothing was archived yet');
  const unread = kept.find(({ state }) => state === 'unread');
  if (unread !== undefined)
    return stays(`all of it stays: what ${unread.id} would need is not known, since it could not be read`);
  const broken = kept.find(({ state }) => state === 'broken');
  if (broken !== undefined) return stays(`all of it stays: what ${broken.id} would need is not known while its seal is broken`);
  const oldest = oldestBeginning(kept, system.identifier);
  if (oldest === null) return stays('all of it stays: there is no physical backup to recover from');
  const size = BigInt(system.segmentBytes);
  const first = oldest.start - (oldest.start % size);
  const remove = names
    .flatMap((name) => {
      const file = parseWalName(name);
      if (file === undefined || file.kind === 'history') return [];
      const begin = addressOf(file, system.segmentBytes);
      return begin < first ? [{ name, begin }] : [];
    })
    // A run that is killed leaves no gap but at the beginning, which is none.
    .toSorted((a, b) => (a.begin < b.begin ? -1 : a.begin > b.begin ? 1 : 0))
    .map(({ name }) => name);
  const bytes = remove.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  const from = `${oldest.id} begins in ${segmentName(oldest.timeline, first, system.segmentBytes)}`;
  return {
    remove,
    bytes,
    why: remove.length === 0 ? `nothing is older: ${from}` : `older than any physical backup that stays: ${from}`,
  };
}

interface BackupStart {
  readonly id: string;
  readonly timeline: number;
  readonly start: bigint;
}

/** Of the backups of this server; those of another one need another log. */
function oldestBeginning(kept: readonly KnownBackup[], systemIdentifier: string): BackupStart | null {
  const starts = kept.flatMap((one): BackupStart[] => {
    if (one.state !== 'sealed' || one.manifest.type !== 'physical') return [];
    const { source, startLsn, timeline } = one.manifest;
    // One that does not say whose it is may be of this one.
    const own = source.systemIdentifier === null || source.systemIdentifier === systemIdentifier;
    return own ? [{ id: one.id, timeline, start: lsnNumber(startLsn) }] : [];
  });
  return starts.toSorted((a, b) => (a.start < b.start ? -1 : 1))[0] ?? null;
}

/** Does what was planned. Fails with lock.held, and as {@link removeWal} does. */
export const pruneWal = (repository: Repository, { remove }: WalPrune, signal: AbortSignal): Promise<void> =>
  withRepositoryLock(repository, signal, () => removeWal(repository, remove, signal));
