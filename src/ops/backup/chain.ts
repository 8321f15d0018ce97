import { fail } from '../../core/errors.ts';
import { lsnNumber } from '../../core/lsn.ts';
import { manifestText, sha256Of, type BackupLink, type Manifest, type PhysicalManifest } from './manifest.ts';
import { requireRead, UNREAD_HINT } from './unread.ts';
import type { KnownBackup } from './verify.ts';

/** What a backup is restored from. */
export interface Chain<M extends Manifest = Manifest> {
  /** The full backup first, the backup itself last; of a full one itself alone. */
  readonly members: readonly M[];
  /** Why it cannot be restored; null: nothing is missing. */
  readonly problem: Problem | null;
}

/** What speaks against a backup. */
export interface Problem {
  /** For people. */
  readonly words: string;
  /** One that is needed could not be read: nothing is known, and it may be good. */
  readonly unread: boolean;
}

export const parentOf = (manifest: Manifest): BackupLink | null => (manifest.type === 'physical' ? manifest.parent : null);

/** Oldest first; and whatever the clocks say, what a backup was made on before it. Pure. */
export function parentsFirst(manifests: readonly Manifest[]): Manifest[] {
  const left = new Map(manifests.toSorted((a, b) => (a.snapshotAt < b.snapshotAt ? -1 : 1)).map((one) => [one.id, one]));
  const ordered: Manifest[] = [];
  const add = (manifest: Manifest): void => {
    left.delete(manifest.id);
    const parent = left.get(parentOf(manifest)?.id ?? '');
    if (parent !== undefined) add(parent);
    ordered.push(manifest);
  };
  for (const one of left.values()) add(one);
  return ordered;
}

/**
 * Follows an incremental backup to the full one it began with. Each manifest names its parent by the hash of that one's manifest, so that
 * another in its place shows. Pure; files are not read.
 */
export function followChain<M extends Manifest>(manifest: M, all: readonly KnownBackup[]): Chain<M | PhysicalManifest> {
  const members: (M | PhysicalManifest)[] = [manifest];
  for (let child: Manifest = manifest; ;) {
    const link = parentOf(child);
    if (link === null || child.type !== 'physical') return { members, problem: null };
    const known = all.find(({ id }) => id === link.id);
    if (known === undefined) return { members, problem: broken(`${child.id} needs ${link.id}, which is not there`) };
    if (known.state === 'unread') {
      return { members, problem: { words: `${child.id} needs ${link.id}, which is ${known.problem}`, unread: true } };
    }
    const parent = parentProblem(child, link, known);
    if (typeof parent === 'string') return { members, problem: broken(parent) };
    members.unshift(parent);
    child = parent;
  }
}

const broken = (words: string): Problem => ({ words, unread: false });

/**
 * What a backup is restored together with, the full one first. Fails with backup.failed where it cannot be restored, with storage.failed where
 * one of them could not be read.
 */
export function requireChain(manifest: PhysicalManifest, all: readonly KnownBackup[]): readonly PhysicalManifest[] {
  const { members, problem } = followChain(manifest, all);
  if (problem === null) return members.slice(0, -1);
  if (problem.unread) return fail('storage.failed', problem.words, { hint: UNREAD_HINT });
  return fail('backup.failed', `${manifest.id} cannot be restored: ${problem.words}`, {
    hint: 'Take a full backup now, and restore an older one: dbctl backup list.',
  });
}

/** Why a backup cannot be restored, as far as manifests tell: its seal, or that of one it was made on; null: nothing speaks against it. */
export const problemOf = (known: KnownBackup, all: readonly KnownBackup[]): Problem | null =>
  known.state === 'sealed'
    ? followChain(known.manifest, all).problem
    : { words: known.problem, unread: known.state === 'unread' };

/** The parent's manifest, or why it is not the parent. */
function parentProblem(child: PhysicalManifest, link: BackupLink, known: KnownBackup): PhysicalManifest | string {
  if (known.state !== 'sealed') return `${child.id} needs ${link.id}, which is not to be trusted: ${known.problem}`;
  const parent = known.manifest;
  if (sha256Of(manifestText(parent)) !== link.manifest)
    return `${child.id} was made on another ${link.id} than the one that is there`;
  if (parent.type !== 'physical') return `${child.id} needs ${link.id}, which is a dump`;
  const [theirs, ours] = [parent.source.systemIdentifier, child.source.systemIdentifier];
  if (theirs !== ours) return `${child.id} is of server ${ours}, and ${link.id}, which it needs, of server ${theirs}`;
  if (lsnNumber(parent.startLsn) > lsnNumber(child.startLsn) || parent.timeline > child.timeline) {
    return `${child.id} begins at ${place(child)}, and ${link.id}, which it needs, later at ${place(parent)}`;
  }
  return parent;
}

const place = ({ startLsn, timeline }: PhysicalManifest): string => `${startLsn} of timeline ${timeline}`;

/**
 * The backup the next incremental one is made on: the newest of this server that can be restored, or the one asked for by its id.
 * Fails with refused where there is none, or that one cannot serve; with storage.failed where that is not known, since it could not be read.
 */
export function chooseParent(
  all: readonly KnownBackup[],
  { systemIdentifier, id }: { readonly systemIdentifier: string | null; readonly id: string | null },
): PhysicalManifest {
  const hint = 'Take a full one: dbctl backup create --type physical.';
  if (id === null) {
    const found = all.flatMap((one) => (serves(one, all, systemIdentifier) === null ? [one] : [])).at(-1);
    if (found?.state === 'sealed' && found.manifest.type === 'physical') return found.manifest;
    requireRead(all, 'no other one can be built on');
    return fail('refused', `there is no physical backup of server ${systemIdentifier} to be incremental to`, { hint });
  }
  const named = all.find((one) => one.id === id);
  const problem = named === undefined ? broken(`there is no backup ${id}`) : serves(named, all, systemIdentifier);
  if (problem === null && named?.state === 'sealed' && named.manifest.type === 'physical') return named.manifest;
  if (problem?.unread === true) return fail('storage.failed', `${id}: ${problem.words}`, { hint: UNREAD_HINT });
  return fail('refused', `no incremental backup can follow ${id}: ${problem?.words}`, {
    hint: 'dbctl backup list shows what is there.',
  });
}

/** Why no incremental backup of this server can follow; null: one can. */
function serves(known: KnownBackup, all: readonly KnownBackup[], systemIdentifier: string | null): Problem | null {
  if (known.state !== 'sealed') return problemOf(known, all);
  const { manifest } = known;
  if (manifest.type !== 'physical') return broken('it is a dump');
  const { source } = manifest;
  if (source.systemIdentifier !== systemIdentifier)
    return broken(`it is of server ${source.systemIdentifier}, and this one is ${systemIdentifier}`);
  return followChain(manifest, all).problem;
}
