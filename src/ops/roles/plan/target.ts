import { ident } from '../../../db/ident.ts';
import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import { PUBLIC_NAME } from '../desired/model.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import { allRights } from '../rights/kinds.ts';
import { privilegesOf, type Mask } from '../rights/privilege.ts';

/** What stands behind ON in GRANT and REVOKE: `table app.orders`. Of a column its table's name is asked. */
export function grantTarget(object: SecuredObject, tableOf: (id: number) => string): string {
  return object.kind === 'column' ? `table ${tableOf(object.id)}` : `${object.kind} ${object.name}`;
}

/** The privileges as GRANT takes them; of a column with its name behind each. */
export function privilegeList(mask: Mask, { kind, name }: Pick<SecuredObject, 'kind' | 'name'>, serverVersion: number): string {
  if (kind !== 'column') return words(mask, kind, serverVersion);
  return privilegesOf(mask)
    .map((privilege) => `${privilege.toLowerCase()} (${name})`)
    .join(', ');
}

/** `all` where it is all; the names otherwise. */
export function words(mask: Mask, kind: ObjectKind, serverVersion: number): string {
  const all = allRights(kind, serverVersion);
  const names = privilegesOf(mask);
  return mask === all && names.length > 1 ? 'all' : names.map((privilege) => privilege.toLowerCase()).join(', ');
}

/** A role behind TO and FROM. */
export const granteeText = (name: string): string => (name === PUBLIC_NAME ? 'public' : ident(name));

/** Asked for again for every finding: made once for each catalog. */
const namesOf = new WeakMap<RoleCatalog['objects'], ReadonlyMap<number, string>>();

/** The SQL name of a table by its oid. */
export function tableNames({ objects }: Pick<RoleCatalog, 'objects'>): (id: number) => string {
  const names = namesOf.get(objects) ?? new Map(objects.filter(({ kind }) => kind === 'table').map(({ id, name }) => [id, name]));
  namesOf.set(objects, names);
  return (id) => names.get(id) ?? String(id);
}

/** What stands behind ALTER: the server has another word for each kind of relation, and one for all routines. */
export function alterTarget({ kind, what, name }: SecuredObject): string {
  if (kind === 'table') return `${RELATION_WORDS[what] ?? 'table'} ${name}`;
  if (kind === 'type') return `${what} ${name}`;
  return kind === 'language' ? `language ${name}` : `${kind} ${name}`;
}

const RELATION_WORDS: Readonly<Record<string, string>> = {
  view: 'view',
  'materialized view': 'materialized view',
  'foreign table': 'foreign table',
};

/** `insert (a), insert (b)` as `insert (a, b)`. */
export function columnsText(privileges: readonly string[]): string {
  const columns = new Map<string, string[]>();
  const whole: string[] = [];
  for (const privilege of privileges.flatMap((list) => list.split(/, (?![^(]*\))/))) {
    const [, word, column] = /^(\w+) \((.*)\)$/s.exec(privilege) ?? [];
    if (word === undefined || column === undefined) whole.push(privilege);
    else columns.set(word, [...(columns.get(word) ?? []), column]);
  }
  return [...whole, ...[...columns].map(([word, list]) => `${word} (${list.join(', ')})`)].join(', ');
}
