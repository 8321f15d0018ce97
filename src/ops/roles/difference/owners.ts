import type { SecuredObject } from '../catalog/model.ts';
import type { Comparison } from './inputs.ts';
import { roleNames } from './inputs.ts';
import type { Difference } from './model.ts';

/** Schemas of the file that are not there, and objects in them that another role owns than the file's owner. */
export function ownerDifferences({ file, catalog, protectedOwner }: Comparison): Difference[] {
  const names = roleNames(catalog);
  const there = new Set(catalog.objects.filter(({ kind }) => kind === 'schema').map(({ bare }) => bare));
  const missing = file.schemas.flatMap((schema, index): Difference[] =>
    there.has(schema)
      ? []
      : [{ kind: 'schema-missing', schema, because: `${file.label}:${file.place(['schemas', index]).line}` }],
  );
  const accepted = new Set([file.owner, ...(protectedOwner === null ? [] : [protectedOwner])]);
  const wrong = catalog.objects
    .filter((object) => isOwned(object, file.schemas, catalog.database.id))
    .map((object) => ({ object, is: names.of(object.owner) }))
    .filter(({ is }) => !accepted.has(is))
    .map(({ object, is }): Difference => ({ kind: 'owner', object, is, wanted: file.owner }));
  return [...missing, ...wrong];
}

/** Columns go with their table, and what came with an extension belongs to that. A sequence that belongs to a column follows its table too. */
function isOwned(
  { kind, id, bare, schema, extension, parent }: SecuredObject,
  schemas: readonly string[],
  database: number,
): boolean {
  if (extension !== null || kind === 'column' || (kind === 'sequence' && parent !== null)) return false;
  if (kind === 'database') return id === database;
  return kind === 'schema' ? schemas.includes(bare) : schema !== null && schemas.includes(schema);
}
