import type { RolesFile } from '../../../config/roles/load.ts';
import type { CheckedGrant, GrantSubject } from '../../../config/roles/schema.ts';
import { ident } from '../../../db/ident.ts';
import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import { maskOf, type Mask, type Privilege } from '../rights/privilege.ts';
import type { InsertableColumns } from './generated.ts';
import type { DesiredGrant, DesiredState } from './model.ts';
import { fits, isName, schemaOf } from './pattern.ts';

/** What a grant of the file is worked out with. */
export interface GrantInputs {
  readonly file: Pick<RolesFile, 'presets' | 'schemas'>;
  readonly catalog: RoleCatalog;
  readonly insertable: InsertableColumns;
}

interface Resolved {
  readonly grants: readonly DesiredGrant[];
  readonly unmatched: DesiredState['unmatched'];
}

/** The objects a grant of the file is about, and what its role gets on each. `because` is where the grant stands. */
export function resolveGrant(grant: CheckedGrant, grantee: string, because: string, inputs: GrantInputs): Resolved {
  const subject = subjectOf(grant);
  const to = (object: SecuredObject, mask: Mask): DesiredGrant => ({ grantee, object, mask, because });
  if (subject === 'on') return resolveRelations(grant, to, because, inputs);
  if (subject === 'database') {
    const database = inputs.catalog.objects.find(({ kind, id }) => kind === 'database' && id === inputs.catalog.database.id);
    return { grants: database === undefined ? [] : [to(database, masked(grant.database ?? []))], unmatched: [] };
  }
  const { kind, usual } = SUBJECTS[subject];
  const mask = grant.privileges === undefined ? maskOf(usual) : masked(grant.privileges);
  const named = grant[subject] ?? [];
  if (subject === 'parameters') return { grants: named.map((name) => to(parameter(name, inputs.catalog), mask)), unmatched: [] };
  const found = named.map((pattern) => ({ pattern, objects: matching(pattern, kind, grant, inputs) }));
  return {
    grants: found.flatMap(({ objects }) => objects.map((object) => to(object, mask))),
    unmatched: found.flatMap(({ pattern, objects }) => (objects.length > 0 ? [] : nothing(because, kind, pattern, grant))),
  };
}

/** A grant names one kind of object. */
function subjectOf(grant: CheckedGrant): GrantSubject {
  if (grant.database !== undefined) return 'database';
  const others = Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[];
  return others.find((one) => grant[one] !== undefined) ?? 'on';
}

const SUBJECTS: Readonly<Record<Exclude<GrantSubject, 'on' | 'database'>, { kind: ObjectKind; usual: Privilege }>> = {
  sequences: { kind: 'sequence', usual: 'USAGE' },
  routines: { kind: 'routine', usual: 'EXECUTE' },
  types: { kind: 'type', usual: 'USAGE' },
  schemas: { kind: 'schema', usual: 'CREATE' },
  languages: { kind: 'language', usual: 'USAGE' },
  foreign_servers: { kind: 'foreign server', usual: 'USAGE' },
  foreign_data_wrappers: { kind: 'foreign data wrapper', usual: 'USAGE' },
  tablespaces: { kind: 'tablespace', usual: 'CREATE' },
  parameters: { kind: 'parameter', usual: 'SET' },
};

function resolveRelations(
  grant: CheckedGrant,
  to: (object: SecuredObject, mask: Mask) => DesiredGrant,
  because: string,
  inputs: GrantInputs,
): Resolved {
  const found = (grant.on ?? []).map((pattern) => ({ pattern, objects: matching(pattern, 'table', grant, inputs) }));
  const preset = grant.use === undefined ? undefined : inputs.file.presets[grant.use];
  const sequences =
    preset === undefined || preset.sequence.length === 0
      ? []
      : (grant.on ?? []).flatMap((pattern) => matching(pattern, 'sequence', grant, inputs));
  const masks = relationMasks(grant, preset);
  const whole = found.flatMap(({ pattern, objects }) => objects.map((object) => to(object, masks(object, isName(pattern)))));
  return {
    grants: [
      ...(inputs.insertable.size === 0 ? whole : whole.flatMap((one) => withoutForgery(one, inputs.insertable))),
      ...(COLUMN_PRIVILEGES.some((privilege) => grant[privilege] !== undefined)
        ? found.flatMap(({ objects }) => objects.flatMap((object) => columnGrants(grant, object, to)))
        : []),
      ...sequences.map((object) => to(object, masked(preset?.sequence ?? []))),
    ].filter(({ mask }) => mask !== 0),
    unmatched: found.flatMap(({ pattern, objects: some }) => (some.length > 0 ? [] : nothing(because, 'table', pattern, grant))),
  };
}

const isView = ({ what }: SecuredObject): boolean => what === 'view' || what === 'materialized view';

/** What a grant means on a relation that it names, or that a pattern of it fits. */
function relationMasks(
  grant: CheckedGrant,
  preset: GrantInputs['file']['presets'][string] | undefined,
): (object: SecuredObject, named: boolean) => Mask {
  const [table, view] = preset === undefined ? [masked(grant.privileges ?? []), 0] : [masked(preset.table), masked(preset.view)];
  return (object, named) => {
    if (!isView(object)) return table;
    // A view may show what a pattern was not meant to open: it has to be named.
    return preset === undefined && named ? table : view;
  };
}

const COLUMN_PRIVILEGES = ['select', 'insert', 'update', 'references'] as const;

function columnGrants(
  grant: CheckedGrant,
  object: SecuredObject,
  to: (object: SecuredObject, mask: Mask) => DesiredGrant,
): DesiredGrant[] {
  return COLUMN_PRIVILEGES.filter((privilege) => grant[privilege] !== undefined).flatMap((privilege) =>
    (grant[privilege] ?? []).map((column) => to(columnOf(object, column), masked([privilege]))),
  );
}

/** INSERT on a table with columns that the database alone fills is INSERT on the others, so that nobody forges those. */
function withoutForgery(grant: DesiredGrant, insertable: InsertableColumns): DesiredGrant[] {
  const columns = insertable.get(`${grant.object.schema}.${grant.object.bare}`);
  const insert = maskOf('INSERT');
  if (columns === undefined || (grant.mask & insert) === 0) return [grant];
  return [
    { ...grant, mask: grant.mask & ~insert },
    ...columns.map((column) => ({ ...grant, object: columnOf(grant.object, column), mask: insert })),
  ];
}

/** The column as the catalog has it where something was granted on it, and as one on which nothing was. */
export function columnOf(table: SecuredObject, column: string): SecuredObject {
  return { ...table, kind: 'column', what: 'column', name: ident(column), bare: column, acl: [], explicit: false, parent: null };
}

/** Nothing was granted on a parameter until it has a row. */
export function parameter(name: string, { objects }: Pick<RoleCatalog, 'objects'>): SecuredObject {
  const known = objects.find(({ kind, bare }) => kind === 'parameter' && bare === name);
  const none = { schema: null, owner: 10, acl: [], explicit: false, extension: null, parent: null } as const;
  return known ?? { kind: 'parameter', id: 0, name, bare: name, what: 'parameter', ...none };
}

function matching(
  pattern: string,
  kind: ObjectKind,
  { except = [] }: CheckedGrant,
  { file, catalog }: GrantInputs,
): SecuredObject[] {
  return fitting(pattern, kind, catalog).filter((object) => {
    if (object.schema === null) return true;
    // A pattern stays within the schemas of the file and leaves out what came with extensions; a name goes where it says.
    const meant = isName(pattern) || (file.schemas.includes(object.schema) && object.extension === null);
    return meant && !isPartition(object) && !except.some((one) => isPattern(one, object));
  });
}

/** Many roles are granted something by the same pattern: what it fits is found once for each catalog. */
const fitted = new WeakMap<RoleCatalog['objects'], Map<string, readonly SecuredObject[]>>();

function fitting(pattern: string, kind: ObjectKind, catalog: RoleCatalog): readonly SecuredObject[] {
  const known = fitted.get(catalog.objects) ?? new Map<string, readonly SecuredObject[]>();
  fitted.set(catalog.objects, known);
  const key = `${kind}\0${pattern}`;
  const found =
    known.get(key) ??
    candidates(pattern, kind, catalog).filter((object) =>
      object.schema === null ? object.bare === pattern : isPattern(pattern, object),
    );
  known.set(key, found);
  return found;
}

type BySchema = ReadonlyMap<string | null, readonly SecuredObject[]>;
/** Objects by kind and schema, made once for each catalog: each of thousands of patterns would look at all of them otherwise. */
const indexes = new WeakMap<RoleCatalog['objects'], ReadonlyMap<ObjectKind, BySchema>>();

/** The objects of a kind that a pattern can be about: those of its schema where it names one. */
function candidates(pattern: string, kind: ObjectKind, { objects }: RoleCatalog): readonly SecuredObject[] {
  const index = indexes.get(objects) ?? indexed(objects);
  indexes.set(objects, index);
  const ofKind: BySchema = index.get(kind) ?? new Map();
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

/** Rights on a partition by its own name go around the parent's policies. */
const isPartition = ({ what, parent }: SecuredObject): boolean =>
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

function masked(privileges: readonly string[]): Mask {
  return maskOf(...privileges.map((privilege) => privilege.toUpperCase() as Privilege));
}

/** A name has to be there; a pattern may wait for its first object where the grant is for the future too. */
function nothing(
  because: string,
  kind: ObjectKind,
  pattern: string,
  { future }: CheckedGrant,
): { because: string; problem: string }[] {
  // Everything there is may be nothing.
  if ((future && !isName(pattern)) || pattern === '*.*') return [];
  return [{ because, problem: `${pattern} fits no ${kind === 'table' ? 'table or view' : kind}` }];
}
