import { createHash } from 'node:crypto';
import type { RoleCatalog, SecuredObject } from '../roles/catalog/model.ts';
import type { HeldRights, SayRights } from '../roles/explain/explain-role.ts';

/** Of more objects nobody reads the names: a hash of them says whether they are the same ones at the next review. */
const MOST_NAMES = 20;

/**
 * `SELECT, INSERT on 2 of 4 (labs, lessons); SELECT on 1 of 4 (users)`. Counts alone would say that nothing changed where one table was
 * exchanged for another.
 */
export function namedRights(catalog: Pick<RoleCatalog, 'objects'>): SayRights {
  const tables = new Map(catalog.objects.filter(({ kind }) => kind === 'table').map(({ id, bare }) => [id, bare]));
  const nameOf = ({ kind, id, bare, name }: SecuredObject): string => {
    if (kind === 'column') return `${tables.get(id) ?? id}.${bare}`;
    // Routines of one name are told apart by their arguments.
    return kind === 'routine' ? name : bare;
  };
  return (held, of) =>
    [...byPrivileges(held)].map(([privileges, objects]) => `${privileges}${onText(objects.map(nameOf), of)}`).join('; ');
}

function byPrivileges(held: readonly HeldRights[]): Map<string, SecuredObject[]> {
  const groups = new Map<string, SecuredObject[]>();
  for (const { object, privileges } of held) {
    const key = privileges.join(', ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [object]);
    else group.push(object);
  }
  return groups;
}

function onText(names: readonly string[], of: number): string {
  if (of === 1) return '';
  if (names.length === of) return ` on all ${of}`;
  const sorted = names.toSorted();
  const which =
    names.length <= MOST_NAMES
      ? sorted.join(', ')
      : `names of sha256 ${createHash('sha256').update(sorted.join('\n')).digest('hex').slice(0, 12)}`;
  return ` on ${names.length} of ${of} (${which})`;
}
