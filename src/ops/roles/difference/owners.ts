import type { SecuredObject } from '../catalog/model.ts';
import type { Comparison } from './inputs.ts';
import { roleNames } from './inputs.ts';
import type { Difference } from './model.ts';

/** Schemas of the file that are not there, and objects in them that another role owns than the file's owner. */
export function ownerDifferences(comparison: Comparison): Difference[] {
  const { file, catalog, guarded } = comparison;
  const names = roleNames(catalog);
  const there = new Set(catalog.objects.filter(({ kind }) => kind === 'schema').map(({ bare }) => bare));
  const missing = file.schemas.flatMap((schema, index): Difference[] =>
    there.has(schema)
      ? []
      : [{ kind: 'schema-missing', schema, because: `${file.label}:${file.place(['schemas', index]).line}` }],
  );
  const wrong = catalog.objects
    .filter((object) => isDecided(object, file.schemas, catalog.database.id))
    .flatMap((object): Difference[] => {
      const [is, wanted] = [names.of(object.owner), wantedOwner(object, comparison)];
      // Which tables are guarded, and so the guard's, is for immutability install.
      const isGuarded = object.kind === 'table' && is === guarded?.owner;
      return is === wanted || isGuarded ? [] : [{ kind: 'owner', object, is, wanted }];
    });
  return [...missing, ...wrong];
}

/** Columns go with their table, and what came with an extension belongs to that. A sequence that belongs to a column follows its table too. */
function isDecided(
  { kind, id, bare, schema, extension, parent }: SecuredObject,
  schemas: readonly string[],
  database: number,
): boolean {
  if (extension !== null || kind === 'column' || (kind === 'sequence' && parent !== null)) return false;
  if (kind === 'database') return id === database;
  return kind === 'schema' ? schemas.includes(bare) : schema !== null && schemas.includes(schema);
}

/** Who should own an object: the file's owner, or the one that nobody can become; of what the file does not decide about its owner. */
export function wantedOwner(object: SecuredObject, { file, catalog, guarded }: Comparison): string {
  if (!isDecided(object, file.schemas, catalog.database.id)) return roleNames(catalog).of(object.owner);
  const { kind, bare } = object;
  const isGuarded = kind === 'database' || (kind === 'schema' && guarded?.schemas.includes(bare) === true);
  return guarded !== null && isGuarded ? guarded.owner : file.owner;
}
