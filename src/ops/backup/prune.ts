import { DbctlError } from '../../core/errors.ts';
import { openNote } from '../signing/note.ts';
import { mapAtOnce } from '../storage/at-once.ts';
import { parentOf } from './chain.ts';
import type { Holds } from './holds.ts';
import { keptBackups, type KeepRule } from './keep.ts';
import { MANIFEST } from './manifest.ts';
import { readText, type Repository } from './repository.ts';
import type { KnownBackup } from './verify.ts';

/** What prune would do with one backup, and why. */
export interface PruneDecision {
  readonly id: string;
  readonly act: 'keep' | 'remove';
  readonly why: string;
}

/**
 * Decides; removes nothing. A backup whose seal is broken stays until somebody has looked at it, and one that another that stays was made on
 * stays with it. Pure.
 */
export function planPrune(known: readonly KnownBackup[], rule: KeepRule, holds: Holds): PruneDecision[] {
  const decisions = new Map(planEach(known, rule, holds).map((one) => [one.id, one]));
  const manifests = new Map(known.flatMap((one) => (one.state === 'sealed' ? [[one.id, one.manifest] as const] : [])));
  // Whatever their order: the data of a standby may be older than the backup of its primary it was made on.
  const keepParent = (id: string): void => {
    const manifest = manifests.get(id);
    const parent = manifest === undefined ? null : parentOf(manifest);
    if (parent === null || decisions.get(parent.id)?.act !== 'remove') return;
    decisions.set(parent.id, { id: parent.id, act: 'keep', why: `${id} needs it` });
    keepParent(parent.id);
  };
  for (const { id, act } of decisions.values()) if (act === 'keep') keepParent(id);
  return [...decisions.values()];
}

function planEach(known: readonly KnownBackup[], rule: KeepRule, holds: Holds): PruneDecision[] {
  const sealed = known.flatMap((one) => (one.state === 'sealed' ? [one.manifest] : []));
  const kept = keptBackups(
    sealed.map(({ id, environment, source, snapshotAt }) => ({ id, environment, database: source.database, snapshotAt })),
    rule,
  );
  return known.map((one): PruneDecision => {
    const hold = holds.get(one.id);
    if (hold !== undefined) return { id: one.id, act: 'keep', why: `held: ${hold}` };
    if (one.state === 'unread') return { id: one.id, act: 'keep', why: one.problem };
    if (one.state === 'broken') return { id: one.id, act: 'keep', why: `not to be trusted, look at it first: ${one.problem}` };
    const reasons = kept.get(one.id);
    return reasons === undefined
      ? { id: one.id, act: 'remove', why: 'no rule keeps it' }
      : { id: one.id, act: 'keep', why: reasons.join(', ') };
  });
}

/**
 * What the place itself would keep of these, such as a bucket under object lock: to remove them would hide them and free nothing. The manifest
 * is written last, so that its lock ends last.
 */
export async function readLocks({ storage }: Repository, ids: readonly string[]): Promise<Holds> {
  const found = await mapAtOnce(ids, async (id) => [id, (await storage.keptBy?.(`${id}/${MANIFEST}`)) ?? null] as const);
  return new Map(found.flatMap(([id, words]) => (words === null ? [] : [[id, `it ${words}`] as const])));
}

/** Where the note of a removal stands. */
export const noteKey = (id: string): string => `.pruned/${id}.note`;

/** What it says. */
export const pruneText = (id: string, manifest: string): string => `dbctl-prune/1\n${id}\nmanifest ${manifest}\n`;

/** True when a note of ours says that the backup of this manifest was removed by right. */
export const wasPruned = async (
  repository: Repository,
  id: string,
  manifest: string,
  publicKeys: readonly string[],
): Promise<boolean> => (await readNote(repository, id, publicKeys)) === pruneText(id, manifest);

/** True when one says so of a backup of this name, whatever its manifest was. */
export const hasPruneNote = async (repository: Repository, id: string, publicKeys: readonly string[]): Promise<boolean> =>
  (await readNote(repository, id, publicKeys))?.startsWith(pruneText(id, '').trimEnd()) === true;

/** What the note of a removal says, once its signature is good; null: there is none that is. */
async function readNote(repository: Repository, id: string, publicKeys: readonly string[]): Promise<string | null> {
  const note = await readText(repository, noteKey(id));
  if (note === null) return null;
  try {
    return openNote(note, publicKeys).text;
  } catch (thrown) {
    if (thrown instanceof DbctlError) return null;
    throw thrown;
  }
}
