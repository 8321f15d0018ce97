import type { SecuredObject } from '../catalog/model.ts';
import { orMeant } from '../desired/did-you-mean.ts';
import type { Comparison } from './inputs.ts';
import { roleNames } from './inputs.ts';
import type { Difference } from './model.ts';

/** Who should own an object. */
export type WantedOwner = (object: SecuredObject) => string;

/** Schemas of the file that are not there, and objects in them that another role owns than the file's owner. */
export function ownerDifferences(comparison: Comparison): Difference[] {
  const { file, catalog } = comparison;
  const names = roleNames(catalog);
  const wantedOwner = wantedOwners(comparison);
  const there = new Set(catalog.objects.filter(({ kind }) => kind === 'schema').map(({ bare }) => bare));
  const others = [...there].filter((schema) => !file.schemas.includes(schema));
  const missing = file.schemas.flatMap((schema, index): Difference[] =>
    there.has(schema)
      ? []
      : [
          {
            kind: 'schema-missing',
            schema,
            meant: orMeant(schema, others),
            because: `${file.label}:${file.place(['schemas', index]).line}`,
          },
        ],
  );
  const wrong = catalog.objects
    .filter((object) => object.kind !== 'column')
    .flatMap((object): Difference[] => {
      const [is, wanted] = [names.of(object.owner), wantedOwner(object)];
      return is === wanted ? [] : [{ kind: 'owner', object, is, wanted }];
    });
  return [...missing, ...wrong];
}

/** What came with an extension belongs to that. A sequence that belongs to a column follows its table. */
function isDecided(
  { kind, id, bare, schema, extension, parent }: SecuredObject,
  schemas: readonly string[],
  database: number,
): boolean {
  if (extension !== null || (kind === 'sequence' && parent !== null)) return false;
  if (kind === 'database') return id === database;
  return kind === 'schema' ? schemas.includes(bare) : schema !== null && schemas.includes(schema);
}

/**
 * Who should own each object: the file's owner, or the one that nobody can become; of what the file does not decide about its owner. A column
 * goes with its table.
 */
export function wantedOwners({ file, catalog, guarded }: Comparison): WantedOwner {
  const names = roleNames(catalog);
  return (object) => {
    const is = names.of(object.owner);
    if (!isDecided(object, file.schemas, catalog.database.id)) return is;
    if (guarded === null) return file.owner;
    const { kind, bare } = object;
    // Which tables are guarded, and so the guard's, is for immutability install.
    const isGuarded =
      kind === 'database' ||
      (kind === 'schema' && guarded.schemas.includes(bare)) ||
      ((kind === 'table' || kind === 'column') && is === guarded.owner);
    return isGuarded ? guarded.owner : file.owner;
  };
}
