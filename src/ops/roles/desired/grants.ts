import type { RolesFile } from '../../../config/roles/load.ts';
import type { GrantSubject } from '../../../config/roles/grant.ts';
import type { CheckedGrant } from '../../../config/roles/schema.ts';
import { ident } from '../../../db/ident.ts';
import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import { BOOTSTRAP_SUPERUSER } from '../rights/acl.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import { maskOf, maskOfWords, type Mask, type Privilege } from '../rights/privilege.ts';
import type { InsertableColumns } from './generated.ts';
import type { DesiredGrant, DesiredState, Unmatched } from './model.ts';
import { orMeant, type DidYouMean } from './did-you-mean.ts';
import { isPartition, type Matching } from './matching.ts';
import { isName } from './pattern.ts';

/** What a grant of the file is worked out with. */
export interface GrantInputs {
  readonly file: Pick<RolesFile, 'presets'>;
  readonly catalog: RoleCatalog;
  readonly matching: Matching;
  readonly insertable: InsertableColumns;
  readonly meant: DidYouMean;
  /** Columns of the tables that the file grants columns of; absent: nobody looked, and all are taken to be there. */
  readonly columns?: TableColumns;
}

interface Resolved {
  readonly grants: readonly DesiredGrant[];
  readonly unmatched: DesiredState['unmatched'];
}

/** The names of the columns of a table, by its oid. */
export type TableColumns = ReadonlyMap<number, readonly string[]>;

/** The objects a grant of the file is about, and what its role gets on each. `because` is where the grant stands. */
export function resolveGrant(grant: CheckedGrant, grantee: string, because: string, inputs: GrantInputs): Resolved {
  const subject = subjectOf(grant);
  const to = (object: SecuredObject, mask: Mask): DesiredGrant => ({ grantee, object, mask, because });
  if (subject === 'on') return resolveRelations(grant, to, because, inputs);
  if (subject === 'database') {
    const database = inputs.catalog.objects.find(({ kind, id }) => kind === 'database' && id === inputs.catalog.database.id);
    return { grants: database === undefined ? [] : [to(database, maskOfWords(grant.database ?? []))], unmatched: [] };
  }
  const { kind, usual } = SUBJECTS[subject];
  const mask = grant.privileges === undefined ? maskOf(usual) : maskOfWords(grant.privileges);
  const named = grant[subject] ?? [];
  if (subject === 'parameters') return { grants: named.map((name) => to(parameter(name, inputs.catalog), mask)), unmatched: [] };
  const found = named.map((pattern) => ({ pattern, objects: inputs.matching(pattern, kind, grant.except) }));
  return {
    grants: found.flatMap(({ objects }) => objects.map((object) => to(object, mask))),
    unmatched: [
      ...found.flatMap(({ pattern, objects }) => (objects.length > 0 ? [] : nothing(because, kind, pattern, grant, inputs))),
      ...vainExceptions(grant, kind, because, inputs),
    ],
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
  const found = (grant.on ?? []).map((pattern) => ({ pattern, objects: inputs.matching(pattern, 'table', grant.except) }));
  const preset = grant.use === undefined ? undefined : inputs.file.presets[grant.use];
  const sequences =
    preset === undefined || preset.sequence.length === 0
      ? []
      : (grant.on ?? []).flatMap((pattern) => inputs.matching(pattern, 'sequence', grant.except));
  const masks = relationMasks(grant, preset);
  const whole = found.flatMap(({ pattern, objects }) => {
    const named = isName(pattern);
    return objects.map((object) => to(object, masks(object, named)));
  });
  return {
    grants: [
      ...(inputs.insertable.size === 0 ? whole : whole.flatMap((one) => withoutForgery(one, inputs))),
      ...(COLUMN_PRIVILEGES.some((privilege) => grant[privilege] !== undefined)
        ? found.flatMap(({ objects }) => objects.flatMap((object) => columnGrants(grant, object, to, inputs.columns)))
        : []),
      ...sequences.map((object) => to(object, maskOfWords(preset?.sequence ?? []))),
    ].filter(({ mask }) => mask !== 0),
    unmatched: [
      ...found.flatMap(({ pattern, objects: some }) =>
        some.length > 0 ? missingColumns(grant, some, because, inputs) : nothing(because, 'table', pattern, grant, inputs),
      ),
      ...vainExceptions(grant, 'table', because, inputs),
    ],
  };
}

const isView = ({ what }: SecuredObject): boolean => what === 'view' || what === 'materialized view';

/** What a grant means on a relation that it names, or that a pattern of it fits. */
function relationMasks(
  grant: CheckedGrant,
  preset: GrantInputs['file']['presets'][string] | undefined,
): (object: SecuredObject, named: boolean) => Mask {
  const [table, view] =
    preset === undefined ? [maskOfWords(grant.privileges ?? []), 0] : [maskOfWords(preset.table), maskOfWords(preset.view)];
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
  columns: TableColumns | undefined,
): DesiredGrant[] {
  const known = columns?.get(object.id);
  return COLUMN_PRIVILEGES.flatMap((privilege) =>
    (grant[privilege] ?? [])
      .filter((column) => known?.includes(column) ?? true)
      .map((column) => to(columnOf(object, column), maskOfWords([privilege]))),
  );
}

/** One statement with a column that is not there would end the whole plan. */
function missingColumns(
  grant: CheckedGrant,
  tables: readonly SecuredObject[],
  because: string,
  { columns }: GrantInputs,
): Unmatched[] {
  const named = new Set(COLUMN_PRIVILEGES.flatMap((privilege) => grant[privilege] ?? []));
  return tables.flatMap(({ id, name }) => {
    const known = columns?.get(id) ?? [...named];
    return [...named]
      .filter((column) => !known.includes(column))
      .map((column) => ({ because, problem: `${name} has no column ${column}${orMeant(column, known)}`, pattern: null }));
  });
}

/**
 * INSERT on a table with columns that the database alone fills is INSERT on the others, so that nobody forges those; on a partition of one as
 * well.
 */
function withoutForgery(grant: DesiredGrant, { insertable, catalog }: GrantInputs): DesiredGrant[] {
  const { schema, bare } = isPartition(grant.object) ? rootOf(grant.object, catalog) : grant.object;
  const columns = insertable.get(`${schema}.${bare}`);
  const insert = maskOf('INSERT');
  if (columns === undefined || (grant.mask & insert) === 0) return [grant];
  return [
    { ...grant, mask: grant.mask & ~insert },
    ...columns.map((column) => ({ ...grant, object: columnOf(grant.object, column), mask: insert })),
  ];
}

/** The table of which it is a partition, or a partition of a partition. */
function rootOf(object: SecuredObject, catalog: Pick<RoleCatalog, 'objects'>): SecuredObject {
  const parent = catalog.objects.find(({ kind, id }) => kind === 'table' && id === object.parent);
  return parent === undefined ? object : rootOf(parent, catalog);
}

/** The column as the catalog has it where something was granted on it, and as one on which nothing was. */
export function columnOf(table: SecuredObject, column: string): SecuredObject {
  return { ...table, kind: 'column', what: 'column', name: ident(column), bare: column, acl: [], explicit: false, parent: null };
}

/** Nothing was granted on a parameter until it has a row. */
export function parameter(name: string, { objects }: Pick<RoleCatalog, 'objects'>): SecuredObject {
  const known = objects.find(({ kind, bare }) => kind === 'parameter' && bare === name);
  const none = { schema: null, owner: BOOTSTRAP_SUPERUSER, acl: [], explicit: false, extension: null, parent: null } as const;
  return known ?? { kind: 'parameter', id: 0, name, bare: name, what: 'parameter', ...none };
}

/** Kinds that are in schemas, and schemas: a migration may have yet to make them. */
const IN_SCHEMAS: readonly ObjectKind[] = ['table', 'sequence', 'routine', 'type', 'schema'];

/** A name has to be there; a pattern may wait for its first object where the grant is for the future too. */
function nothing(
  because: string,
  kind: ObjectKind,
  pattern: string,
  { future }: Pick<CheckedGrant, 'future'>,
  { meant }: GrantInputs,
  what = pattern,
): Unmatched[] {
  // Everything there is may be nothing.
  if ((future && !isName(pattern)) || pattern === '*.*') return [];
  const problem = `${what} fits no ${kind === 'table' ? 'table or view' : kind}${meant(pattern, kind)}`;
  return [{ because, problem, pattern: IN_SCHEMAS.includes(kind) ? pattern : null }];
}

/** A misspelt exception leaves nothing out: more is granted than whoever wrote it meant. */
function vainExceptions(grant: CheckedGrant, kind: ObjectKind, because: string, inputs: GrantInputs): Unmatched[] {
  return (grant.except ?? [])
    .filter((pattern) => isName(pattern) && inputs.matching(pattern, kind).length === 0)
    .flatMap((pattern) => nothing(because, kind, pattern, { future: false }, inputs, `except ${pattern}`));
}
