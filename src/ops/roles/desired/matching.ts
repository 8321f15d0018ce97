import type { RolesFile } from '../../../config/roles/load.ts';
import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import { fits, isName, schemaOf } from './pattern.ts';

/** The objects of a kind that a name or a pattern of roles.yaml means, but for those that `except` fits. */
export type Matching = (pattern: string, kind: ObjectKind, except?: readonly string[]) => readonly SecuredObject[];

/** For one file and catalog: many roles are granted something by the same pattern, and what it means is found once. */
export function objectMatcher({ schemas }: Pick<RolesFile, 'schemas'>, { objects }: Pick<RoleCatalog, 'objects'>): Matching {
  const index = indexed(objects);
  const own = new Set(schemas);
  const found = new Map<string, readonly SecuredObject[]>();

  const find = (pattern: string, kind: ObjectKind, except: readonly string[]): readonly SecuredObject[] => {
    const named = isName(pattern);
    return candidates(pattern, index.get(kind)).filter((object) => {
      if (object.schema === null) return object.bare === pattern;
      // A pattern stays within the schemas of the file and leaves out partitions and what came with extensions; a name goes where it says.
      const meant = named || (own.has(object.schema) && object.extension === null && !isPartition(object));
      return meant && isPattern(pattern, object) && !except.some((one) => isPattern(one, object));
    });
  };

  return (pattern, kind, except = []) => {
    const key = JSON.stringify([kind, pattern, ...except]);
    const known = found.get(key) ?? find(pattern, kind, except);
    found.set(key, known);
    return known;
  };
}

type BySchema = ReadonlyMap<string | null, readonly SecuredObject[]>;

/** Those of its schema where the pattern names one: each of thousands of patterns would look at all objects otherwise. */
function candidates(pattern: string, ofKind: BySchema = new Map()): readonly SecuredObject[] {
  const none = ofKind.get(null) ?? [];
  if (none.length > 0) return none;
  const schema = schemaOf(pattern);
  return pattern.startsWith('"') || isName(schema) ? (ofKind.get(schema) ?? []) : [...ofKind.values()].flat();
}

function indexed(objects: RoleCatalog['objects']): ReadonlyMap<ObjectKind, BySchema> {
  const index = new Map<ObjectKind, Map<string | null, SecuredObject[]>>();
  for (const object of objects) {
    const ofKind = index.get(object.kind) ?? new Map<string | null, SecuredObject[]>();
    index.set(object.kind, ofKind);
    const ofSchema = ofKind.get(object.schema);
    if (ofSchema === undefined) ofKind.set(object.schema, [object]);
    else ofSchema.push(object);
  }
  return index;
}

/** Rights on a partition by its own name go around the parent's policies: only who writes that name means it. */
export const isPartition = ({ what, parent }: SecuredObject): boolean =>
  what === 'partition' || (parent !== null && what === 'partitioned table');

function isPattern(pattern: string, object: SecuredObject): boolean {
  if (!pattern.endsWith(')')) return fits(pattern, object.schema ?? '', object.bare);
  const signature = /^(.*?)(\(.*\))$/s.exec(pattern);
  if (signature === null) return fits(pattern, object.schema ?? '', object.bare);
  const [, name = '', args = ''] = signature;
  return fits(name, object.schema ?? '', object.bare) && normalized(args) === normalized(/\(.*\)$/s.exec(object.name)?.[0] ?? '');
}

/** As format_type() writes types, which is what people see in psql; the short names of the most usual ones are accepted. */
export function normalized(args: string): string {
  const inner = args.slice(1, -1);
  const types = inner.split(',').map((type) => SHORT[type.trim().toLowerCase()] ?? type.trim());
  return types.join(', ');
}

const SHORT: Readonly<Record<string, string>> = {
  int: 'integer',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float8: 'double precision',
  float4: 'real',
  bool: 'boolean',
  varchar: 'character varying',
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
  decimal: 'numeric',
};
