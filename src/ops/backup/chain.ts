import { fail } from '../../core/errors.ts';
import { lsnNumber } from '../../core/lsn.ts';
import { manifestText, sha256Of, type BackupLink, type Manifest, type PhysicalManifest } from './manifest.ts';
import type { KnownBackup } from './verify.ts';

/** What a backup is restored from. */
export interface Chain<M extends Manifest = Manifest> {
  /** The full backup first, the backup itself last; of a full one itself alone. */
  readonly members: readonly M[];
  /** Why it cannot be restored; null: nothing is missing. */
  readonly problem: string | null;
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
    if (known === undefined) return { members, problem: `${child.id} needs ${link.id}, which is not there` };
    const parent = parentProblem(child, link, known);
    if (typeof parent === 'string') return { members, problem: parent };
    members.unshift(parent);
    child = parent;
  }
}

/** What a backup is restored together with, the full one first. Fails with backup.failed where it cannot be restored. */
export function requireChain(manifest: PhysicalManifest, all: readonly KnownBackup[]): readonly PhysicalManifest[] {
  const { members, problem } = followChain(manifest, all);
  if (problem === null) return members.slice(0, -1);
  return fail('backup.failed', `${manifest.id} cannot be restored: ${problem}`, {
    hint: 'Take a full backup now, and restore an older one: dbctl backup list.',
  });
}

/** Why a backup cannot be restored, as far as manifests tell: its seal, or that of one it was made on; null: nothing speaks against it. */
export const problemOf = (known: KnownBackup, all: readonly KnownBackup[]): string | null =>
  known.state === 'broken' ? known.problem : followChain(known.manifest, all).problem;

/** The parent's manifest, or why it is not the parent. */
function parentProblem(child: PhysicalManifest, link: BackupLink, known: KnownBackup): PhysicalManifest | string {
  if (known.state === 'broken') return `${child.id} needs ${link.id}, which is not to be trusted: ${known.problem}`;
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
 * Fails with refused where there is none, or that one cannot serve.
 */
export function chooseParent(
  all: readonly KnownBackup[],
  { systemIdentifier, id }: { readonly systemIdentifier: string | null; readonly id: string | null },
): PhysicalManifest {
  const hint = 'Take a full one: dbctl backup create --type physical.';
  if (id === null) {
    const found = all.flatMap((one) => (serves(one, all, systemIdentifier) === null ? [one] : [])).at(-1);
    if (found?.state === 'sealed' && found.manifest.type === 'physical') return found.manifest;
    return fail('refused', `there is no physical backup of server ${systemIdentifier} to be incremental to`, { hint });
  }
  const named = all.find((one) => one.id === id);
  const problem = named === undefined ? `there is no backup ${id}` : serves(named, all, systemIdentifier);
  if (problem === null && named?.state === 'sealed' && named.manifest.type === 'physical') return named.manifest;
  return fail('refused', `no incremental backup can follow ${id}: ${problem}`, {
    hint: 'dbctl backup list shows what is there.',
  });
}

/** Why no incremental backup of this server can follow; null: one can. */
function serves(known: KnownBackup, all: readonly KnownBackup[], systemIdentifier: string | null): string | null {
  if (known.state === 'broken') return known.problem;
  const { manifest } = known;
  if (manifest.type !== 'physical') return 'it is a dump';
  const { source } = manifest;
  if (source.systemIdentifier !== systemIdentifier)
    return `it is of server ${source.systemIdentifier}, and this one is ${systemIdentifier}`;
  return followChain(manifest, all).problem;
}
