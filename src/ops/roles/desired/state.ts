import type { RolesFile } from '../../../config/roles/load.ts';
import type { CheckedGrant } from '../../../config/roles/schema.ts';
import type { RoleCatalog } from '../catalog/model.ts';
import { futureDefaults, publicDefaults } from './defaults.ts';
import { derivedGrants, ownerGrants } from './derived.ts';
import { governedGrants, type Governed } from './governed.ts';
import type { InsertableColumns } from './generated.ts';
import { GrantMap } from './grant-map.ts';
import { didYouMean } from './did-you-mean.ts';
import { resolveGrant, type TableColumns } from './grants.ts';
import { objectMatcher } from './matching.ts';
import { PUBLIC_NAME, type DesiredDefault, type DesiredGrant, type DesiredState } from './model.ts';
import { withReason } from './reasons.ts';
import { desiredRoles } from './roles.ts';

export interface StateInputs {
  readonly catalog: RoleCatalog;
  readonly insertable: InsertableColumns;
  /** See GrantInputs. */
  readonly columns?: TableColumns;
  /** Schemas that belong to the owner of append-only tables: the file's owner is granted what it needs in them. */
  readonly guardedSchemas: readonly string[];
  /** What dbctl.yaml lets roles do with append-only tables; absent: nothing is guarded here. */
  readonly governed?: Governed;
  /** Today, as YYYY-MM-DD in UTC: exceptions end. */
  readonly today: string;
}

/** What roles.yaml wants of this database. Pure; the same catalog and day give the same answer. */
export function desiredState(
  file: RolesFile,
  { catalog, insertable, columns, guardedSchemas, governed, today }: StateInputs,
): DesiredState {
  const roles = desiredRoles(file);
  const written = writtenGrants(file, today);
  const found = { matching: objectMatcher(file, catalog), meant: didYouMean(catalog) };
  const inputs = { file, catalog, insertable, ...found, ...(columns === undefined ? {} : { columns }) };
  const resolved = written.map(({ grant, grantee, because }) => resolveGrant(grant, grantee, because, inputs));
  const grants = resolved.flatMap((one) => one.grants);
  const following = governed === undefined ? [] : governedGrants(governed, roles, grants, catalog);
  const defaults = written.flatMap(({ grant, grantee, because }) => futureDefaults(grant, grantee, because, file));
  return {
    roles,
    grants: merged(grants, [
      ...ownerGrants(file.owner, guardedSchemas, catalog),
      ...following,
      ...derivedGrants([...grants, ...following], roles, file.administrators, catalog),
    ]),
    defaults: mergedDefaults([...defaults, ...publicDefaults(file)]),
    unmatched: resolved.flatMap((one) => one.unmatched),
  };
}

interface WrittenGrant {
  readonly grant: CheckedGrant;
  readonly grantee: string;
  readonly because: string;
}

/** Every grant that holds today, with where it stands. */
function writtenGrants(file: RolesFile, today: string): WrittenGrant[] {
  const at = (path: readonly PropertyKey[]): string => `${file.label}:${file.place(path).line}`;
  return [
    ...file.public.grants.map((grant, index) => ({ grant, grantee: PUBLIC_NAME, because: at(['public', 'grants', index]) })),
    ...Object.entries(file.roles).flatMap(([role, { grants }]) =>
      grants.map((grant, index) => ({ grant, grantee: role, because: at(['roles', role, 'grants', index]) })),
    ),
    ...file.exceptions.flatMap(({ id, role, grant, expires }) =>
      grant === undefined || expires < today ? [] : [{ grant, grantee: role, because: `exception ${id} until ${expires}` }],
    ),
  ];
}

/** One entry for each role and object, with every line that asks for it; what follows has a reason only where no line gives it. */
function merged(written: readonly DesiredGrant[], following: readonly DesiredGrant[]): DesiredGrant[] {
  const places = new GrantMap<number>();
  const found: DesiredGrant[] = [];
  const add = (grant: DesiredGrant, follows: boolean): void => {
    const place = places.get(grant.grantee, grant.object);
    const before = place === undefined ? undefined : found[place];
    if (place === undefined || before === undefined) {
      places.set(grant.grantee, grant.object, found.push(grant) - 1);
      return;
    }
    const mask = follows ? grant.mask & ~before.mask : grant.mask;
    if (mask !== 0) found[place] = withReason(before, { mask, because: grant.because });
  };
  for (const grant of written) add(grant, false);
  for (const grant of following) add(grant, true);
  return found;
}

function mergedDefaults(defaults: readonly DesiredDefault[]): DesiredDefault[] {
  const found = new Map<string, DesiredDefault>();
  for (const one of defaults) {
    const key = [one.creator, one.schema ?? '', one.kind, one.grantee].join('\0');
    const before = found.get(key);
    found.set(key, before === undefined ? one : withReason(before, one));
  }
  return [...found.values()];
}
