import type { RolesFile } from '../../config/roles/load.ts';
import type { CheckedGrant } from '../../config/roles/schema.ts';
import { normalized } from '../roles/desired/matching.ts';
import { expressionsOf, fitsSchema, isName, schemaOf } from '../roles/desired/pattern.ts';
import { GUARD_FUNCTIONS } from '../schema/immutability/index.ts';

type Kind = 'table' | 'view' | 'sequence' | 'routine';

/** What everybody may do with objects of a database, as the checks' jsonb has it. */
export interface PublicGrant {
  readonly kind: Kind | 'schema' | 'database' | 'foreign_server' | 'foreign_data_wrapper' | 'tablespace' | 'parameter';
  /** Null where the kind has none. */
  readonly schemas: readonly string[] | null;
  /** Regular expression of the whole name. */
  readonly name: string;
  /** Types of the arguments of one routine, as pg_catalog.oidvectortypes() writes them. */
  readonly args: string | null;
  /** In upper case. */
  readonly privileges: readonly string[];
  /** Privilege to the columns it is on, instead of the whole table. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly except: readonly { readonly schemas: readonly string[]; readonly name: string }[];
}

/** What roles.yaml lets everybody do, and guards of append-only tables that everybody runs. `today`: exceptions end. */
export function publicGrants(file: RolesFile | null, today: string): PublicGrant[] {
  const written = file === null ? [] : [...file.public.grants, ...publicExceptions(file, today)];
  const guards = GUARD_FUNCTIONS.filter((one) => one.public).map(({ name }) =>
    plain('routine', escaped(name), ['EXECUTE'], ['dbctl']),
  );
  return [...guards, ...written.flatMap((grant) => (file === null ? [] : grantsOf(grant, file)))];
}

function publicExceptions({ exceptions }: RolesFile, today: string): CheckedGrant[] {
  return exceptions.flatMap(({ role, grant, expires }) =>
    grant === undefined || expires < today || role.toUpperCase() !== 'PUBLIC' ? [] : [grant],
  );
}

function grantsOf(grant: CheckedGrant, file: RolesFile): PublicGrant[] {
  const said = (byDefault: string): readonly string[] => upper(grant.privileges ?? [byDefault]);
  const named = (kind: PublicGrant['kind'], names: readonly string[] | undefined, privileges: readonly string[]): PublicGrant[] =>
    (names ?? []).map((name) => plain(kind, escaped(name), privileges));
  return [
    ...(grant.on ?? []).flatMap((pattern) => relationGrants(pattern, grant, file)),
    ...(grant.sequences ?? []).map((pattern) => patterned('sequence', pattern, said('usage'), grant, file)),
    ...(grant.routines ?? []).map((pattern) => patterned('routine', pattern, said('execute'), grant, file)),
    ...named('schema', grant.schemas, said('create')),
    ...(grant.database === undefined ? [] : [plain('database', '.*', upper(grant.database))]),
    ...named('foreign_server', grant.foreign_servers, said('usage')),
    ...named('foreign_data_wrapper', grant.foreign_data_wrappers, said('usage')),
    ...named('tablespace', grant.tablespaces, said('create')),
    ...named('parameter', grant.parameters, said('set')),
  ];
}

function relationGrants(pattern: string, grant: CheckedGrant, file: RolesFile): PublicGrant[] {
  const preset = grant.use === undefined ? undefined : file.presets[grant.use];
  const columns = Object.fromEntries(
    (['select', 'insert', 'update', 'references'] as const).flatMap((key) =>
      grant[key] === undefined ? [] : [[key.toUpperCase(), grant[key]] as const],
    ),
  );
  const of = (kind: Kind, privileges: readonly string[]): PublicGrant => ({
    ...patterned(kind, pattern, upper(privileges), grant, file),
    columns,
  });
  const said = grant.privileges ?? [];
  return [of('table', preset?.table ?? said), of('view', preset?.view ?? said), of('sequence', preset?.sequence ?? [])];
}

/** A pattern stays within the schemas of the file; a name goes where it says. */
function patterned(
  kind: Kind,
  pattern: string,
  privileges: readonly string[],
  { except = [] }: CheckedGrant,
  { schemas }: RolesFile,
): PublicGrant {
  const [name, args] = splitArguments(pattern);
  const meant = (one: string) => ({
    schemas: isName(one) ? [schemaOf(one)] : schemas.filter((schema) => fitsSchema(one, schema)),
    name: expressionsOf(one)[1],
  });
  return { ...plain(kind, '', privileges), ...meant(name), args, except: except.map(meant) };
}

function splitArguments(pattern: string): [name: string, args: string | null] {
  const [, name, args] = /^(.*?)(\(.*\))$/s.exec(pattern) ?? [];
  return name === undefined || args === undefined ? [pattern, null] : [name, normalized(args)];
}

function plain(
  kind: PublicGrant['kind'],
  name: string,
  privileges: readonly string[],
  schemas: readonly string[] | null = null,
): PublicGrant {
  return { kind, schemas, name, args: null, privileges, columns: {}, except: [] };
}

const upper = (words: readonly string[]): string[] => words.map((word) => word.toUpperCase());
const escaped = (name: string): string => `^${name.replaceAll(/[$.()[\]{}^+?|\\*]/g, String.raw`\$&`)}$`;
