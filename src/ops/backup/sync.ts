import { parentsFirst } from './chain.ts';
import type { KeepRule } from './keep.ts';
import type { Manifest } from './manifest.ts';
import { planPrune } from './prune.ts';
import type { KnownBackup } from './verify.ts';

/** What a repository holds, as far as catching up needs it. */
export interface RepositoryState {
  readonly name: string;
  /** False: things are taken from it, and nothing is brought to it. */
  readonly receives: boolean;
  readonly known: readonly KnownBackup[];
  /** Backups it has a note of removal of. */
  readonly pruned: ReadonlySet<string>;
}

/** One backup that is to go from one repository to another. */
export interface Copy {
  readonly manifest: Manifest;
  readonly from: string;
  readonly to: string;
}

/**
 * What each repository lacks that another one has: not what it removed by right, and not what its rule would remove at once. A backup that is
 * broken there is left as it is, since it is evidence. Oldest first, so that what a run was killed at is a chain without holes. Pure.
 */
export function planSync(states: readonly RepositoryState[], rule: KeepRule): Copy[] {
  return states.flatMap((target) => {
    if (!target.receives) return [];
    const there = new Set(target.known.map(({ id }) => id));
    const lacking = new Map<string, Copy>();
    for (const { name: from, known } of states.filter((one) => one !== target)) {
      for (const { id, manifest } of sealedOf(known)) {
        if (there.has(id) || target.pruned.has(id) || lacking.has(id)) continue;
        lacking.set(id, { manifest, from, to: target.name });
      }
    }
    const all = [...target.known, ...[...lacking.values()].map(({ manifest }) => sealed(manifest))].toSorted((a, b) =>
      timeOf(a) < timeOf(b) ? -1 : 1,
    );
    const kept = new Set(planPrune(all, rule, new Map()).flatMap(({ id, act }) => (act === 'keep' ? [id] : [])));
    const wanted = [...lacking.values()].flatMap(({ manifest }) => (kept.has(manifest.id) ? [manifest] : []));
    return parentsFirst(wanted).flatMap(({ id }) => lacking.get(id) ?? []);
  });
}

const sealed = (manifest: Manifest): KnownBackup => ({ id: manifest.id, state: 'sealed', manifest });

const timeOf = (one: KnownBackup): string => (one.state === 'sealed' ? one.manifest.snapshotAt : '');

const sealedOf = (known: readonly KnownBackup[]) =>
  known.flatMap((one) => (one.state === 'sealed' ? [{ id: one.id, manifest: one.manifest }] : []));

/** Backups in a work folder that have got to the repository they are for. Pure. */
export function arrived(waiting: readonly KnownBackup[], there: readonly KnownBackup[], copied: readonly string[]): string[] {
  const known = new Set([...sealedOf(there).map(({ id }) => id), ...copied]);
  return sealedOf(waiting).flatMap(({ id }) => (known.has(id) ? [id] : []));
}
