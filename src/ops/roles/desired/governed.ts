import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import { maskOf } from '../rights/privilege.ts';
import { GrantMap } from './grant-map.ts';
import { isPartition } from './matching.ts';
import type { DesiredGrant, DesiredRole } from './model.ts';

/** What dbctl.yaml lets roles do with append-only tables, by name: `immutability.archivers` and its like. */
export interface Governed {
  /** Who may call which function of schema dbctl. */
  readonly executors: Readonly<Record<string, readonly string[]>>;
  /** Who copies partitions, and compares copies with them. */
  readonly readers: readonly string[];
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
}

/**
 * What follows from dbctl.yaml for roles of the file, and so is never written in it: EXECUTE of governed functions; and for those who may read an
 * append-only table, and copy its partitions, SELECT on each of them, which they name. Without this `roles apply` would take back what
 * `immutability install` grants. Pure.
 */
export function governedGrants(
  { executors, readers, tables }: Governed,
  roles: readonly Pick<DesiredRole, 'name'>[],
  written: readonly DesiredGrant[],
  { objects }: Pick<RoleCatalog, 'objects'>,
): DesiredGrant[] {
  const declared = new Set(roles.map(({ name }) => name));
  const calls = objects
    .filter(({ kind, schema }) => kind === 'routine' && schema === 'dbctl')
    .flatMap((object) =>
      (executors[object.bare] ?? [])
        .filter((name) => declared.has(name))
        .map((grantee) => ({
          grantee,
          object,
          mask: maskOf('EXECUTE'),
          because: 'immutability in dbctl.yaml lets it call this',
        })),
    );
  return [...calls, ...partitionGrants(readers, tables, written, objects)];
}

function partitionGrants(
  readers: readonly string[],
  tables: Governed['tables'],
  written: readonly DesiredGrant[],
  objects: readonly SecuredObject[],
): DesiredGrant[] {
  if (readers.length === 0) return [];
  const select = maskOf('SELECT');
  const reads = new GrantMap<true>();
  for (const { grantee, object, mask } of written) if ((mask & select) !== 0) reads.set(grantee, object, true);
  const relations = new Map(objects.filter(({ kind }) => kind === 'table').map((object) => [object.id, object]));
  const roots = new Set(tables.map(({ schema, name }) => `${schema}.${name}`));
  return objects
    .filter((object) => object.kind === 'table' && isPartition(object))
    .flatMap((object) => {
      const root = rootOf(object, relations);
      if (!roots.has(`${root.schema}.${root.bare}`)) return [];
      return readers
        .filter((name) => reads.get(name, root) === true)
        .map((grantee) => ({ grantee, object, mask: select, because: 'it copies partitions, by immutability in dbctl.yaml' }));
    });
}

const rootOf = (object: SecuredObject, relations: ReadonlyMap<number, SecuredObject>): SecuredObject => {
  const parent = object.parent === null ? undefined : relations.get(object.parent);
  return parent === undefined ? object : rootOf(parent, relations);
};
