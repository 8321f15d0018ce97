import { mapAtOnce } from '../storage/at-once.ts';
import { MANIFEST, sha256Of, type BackupLink, type Manifest } from './manifest.ts';
import { backupIds, readText, type Repository } from './repository.ts';

/** Of which backups a new manifest says that they were there: `previous`, and `alsoBefore` where there are more. */
export type BackupsBefore = Pick<Manifest, 'previous' | 'alsoBefore'>;

/**
 * What the next manifest of a repository names: the newest backup, and each one no other manifest there names. As a rule there is none but
 * the newest. Where two machines made one at the same time, neither names the other's, and the next that is made names both, so that none can
 * be taken away unseen; the same for one whose follower was pruned.
 */
export async function backupsBefore(repository: Repository): Promise<BackupsBefore> {
  const ids = await backupIds(repository);
  const read = await mapAtOnce(ids, async (id) => ({ id, text: await readText(repository, `${id}/${MANIFEST}`) }));
  // Without a manifest it is broken, which backup list says: there is nothing to name.
  const there = read.flatMap(({ id, text }) => (text === null ? [] : [{ id, text }]));
  const named = new Set(there.flatMap(({ text }) => namedIn(text)));
  const last = there.at(-1);
  const also = there.slice(0, -1).filter(({ id }) => !named.has(id));
  return {
    previous: last === undefined ? null : linkTo(last),
    ...(also.length === 0 ? {} : { alsoBefore: also.map(linkTo) }),
  };
}

const linkTo = ({ id, text }: { readonly id: string; readonly text: string }): BackupLink => ({ id, manifest: sha256Of(text) });

/** Seals are not asked: what is named once too often harms nobody. */
function namedIn(text: string): readonly string[] {
  try {
    return linksOf(JSON.parse(text) as Manifest).map(({ id }) => id);
  } catch {
    // It is broken, and told by backup list.
    return [];
  }
}

/** Every backup a manifest says was there before it. */
export const linksOf = ({ previous, alsoBefore = [] }: BackupsBefore): readonly BackupLink[] => [
  ...(previous === null ? [] : [previous]),
  ...alsoBefore,
];

/**
 * Backups that no other one names, but for the newest, which nobody can name yet: were one taken away now, nothing that is left would show it.
 * Pure.
 */
export function unnamedBackups(manifests: readonly Manifest[]): string[] {
  const named = new Set(manifests.flatMap((one) => linksOf(one).map(({ id }) => id)));
  return manifests.slice(0, -1).flatMap(({ id }) => (named.has(id) ? [] : [id]));
}
