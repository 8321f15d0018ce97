import type { SecuredObject } from '../catalog/model.ts';
import type { DesiredGrant } from '../desired/model.ts';
import { PUBLIC_NAME } from '../desired/model.ts';
import { objectKey } from '../desired/grant-map.ts';
import { becauseOf } from '../desired/reasons.ts';
import { PUBLIC, type AclEntry } from '../rights/acl.ts';
import type { Mask } from '../rights/privilege.ts';
import type { Comparison } from './inputs.ts';
import { OWN_ROLES, roleNames, type RoleNames } from './inputs.ts';
import type { Difference } from './model.ts';
import { wantedOwners, type WantedOwner } from './owners.ts';
import { publicRights, type ObjectKind } from '../rights/kinds.ts';

/**
 * Privileges that are missing, and those nobody asked for, entry by entry: each names who granted it, since only they can take it away. A
 * grant counts when the owner made it: one that somebody else passed on goes when they lose the right, and stays when the owner revokes.
 * What an owner has on its own object is no entry of the file, and what the file does not decide about stays out: see {@link concerns}.
 */
export function grantDifferences(comparison: Comparison): Difference[] {
  const { desired, catalog } = comparison;
  const wanted = placesByObject(desired.grants);
  const wantedOwner = wantedOwners(comparison);
  const excessOf = excessFinder(comparison, wantedOwner);
  const lacking: Lacking[] = [];
  const excess: Difference[] = [];
  for (const object of catalog.objects) {
    const places = wanted.get(objectKey(object)) ?? [];
    wanted.delete(objectKey(object));
    const found = new Map<string, Mask>();
    const masks = new Map(places.map((place) => [desired.grants[place]?.grantee, desired.grants[place]?.mask ?? 0]));
    excessOf(object, masks, found, excess);
    addLacking(places, desired.grants, found, lacking);
  }
  // Columns on which nothing is granted yet, and parameters nobody has set, are not in the catalog.
  for (const places of wanted.values()) addLacking(places, desired.grants, new Map(), lacking);
  return [...missing(lacking, wantedOwner), ...excess];
}

/**
 * Looks at the entries of an object: what the owner granted is added to `found`, by grantee, and what `wanted` does not ask for to `excess`. Lists
 * that grow instead of new ones: of hundreds of thousands of entries most are as they should be.
 */
function excessFinder(comparison: Comparison, wantedOwner: WantedOwner) {
  const names = roleNames(comparison.catalog);
  const concerned = concerns(comparison, names);
  return (
    object: SecuredObject,
    wanted: ReadonlyMap<string | undefined, Mask>,
    found: Map<string, Mask>,
    excess: Difference[],
  ): void => {
    const newOwner = wantedOwner(object);
    for (const entry of object.acl) {
      // What the owner granted, and its own entry, go with the object to the next owner; what that one granted is the owner's then.
      if (entry.grantee === object.owner) continue;
      const grantee = names.of(entry.grantee);
      const byOwner = entry.grantor === object.owner || names.of(entry.grantor) === newOwner;
      if (byOwner) found.set(grantee, (found.get(grantee) ?? 0) | entry.privileges);
      const asked = byOwner ? (wanted.get(grantee) ?? 0) : 0;
      if ((entry.privileges & ~asked) === 0 && (entry.grantable & asked) === 0) continue;
      if (grantee === newOwner || !concerned(grantee, object)) continue;
      const allowed = asked | (entry.grantee === PUBLIC ? asItCame(object) : 0);
      excess.push(...entryDifferences(object, entry, grantee, allowed, comparison, names));
    }
  };
}

/** Where the grants of each object are in the list: numbers, since there are hundreds of thousands. */
function placesByObject(grants: readonly DesiredGrant[]): Map<SecuredObject | string, number[]> {
  const found = new Map<SecuredObject | string, number[]>();
  for (const [place, { object }] of grants.entries()) {
    const key = objectKey(object);
    const places = found.get(key);
    if (places === undefined) found.set(key, [place]);
    else places.push(place);
  }
  return found;
}

interface Lacking {
  readonly place: number;
  readonly grant: DesiredGrant;
  readonly mask: Mask;
}

function addLacking(
  places: readonly number[],
  grants: readonly DesiredGrant[],
  found: ReadonlyMap<string, Mask>,
  lacking: Lacking[],
): void {
  for (const place of places) {
    const grant = grants[place] as DesiredGrant;
    const mask = grant.mask & ~(found.get(grant.grantee) ?? 0);
    if (mask !== 0) lacking.push({ place, grant, mask });
  }
}

/** In the order of the file. */
function missing(lacking: readonly Lacking[], wantedOwner: WantedOwner): Difference[] {
  return lacking
    .filter(({ grant: { grantee, object } }) => grantee !== wantedOwner(object))
    .toSorted((one, other) => one.place - other.place)
    .map(({ grant, mask }) => {
      const { grantee, object } = grant;
      return { kind: 'grant-missing', grantee, object, mask, because: becauseOf(grant, mask) };
    });
}

/** `wanted` is what the file grants this grantee on the object. */
function entryDifferences(
  object: SecuredObject,
  { privileges, grantable, grantor: by }: AclEntry,
  grantee: string,
  wanted: Mask,
  { desired }: Comparison,
  names: RoleNames,
): Difference[] {
  const grantor = names.of(by);
  const managed = grantee === PUBLIC_NAME ? !OF_THE_CLUSTER.has(object.kind) : desired.roles.some(({ name }) => name === grantee);
  const mask = privileges & ~wanted;
  const kept = grantable & wanted;
  return [
    ...(mask === 0 ? [] : [{ kind: 'grant-excess', grantee, object, mask, grantor, managed } as const]),
    ...(kept === 0 ? [] : [{ kind: 'grant-option', grantee, object, mask: kept, grantor, managed } as const]),
  ];
}

/** Databases share these: what everybody may do with them is not for the file of one to take away. */
const OF_THE_CLUSTER: ReadonlySet<ObjectKind> = new Set(['tablespace', 'parameter']);

/** What PUBLIC has by default stays with what is in no schema, but for this database. */
const asItCame = ({ kind, schema }: SecuredObject): Mask =>
  schema === null && kind !== 'database' && kind !== 'schema' ? publicRights(kind) : 0;

/**
 * Whether an entry is the file's business: in its schemas everybody's, but for dbctl's own roles and superusers it does not name; elsewhere in the cluster that of the
 * roles it names. What PUBLIC may do with objects of extensions and of other schemas stays as it is; with what is in no schema, such as
 * foreign servers, it has what it came with.
 */
function concerns({ file, desired, catalog }: Comparison, names: RoleNames): (grantee: string, object: SecuredObject) => boolean {
  const managed = new Set(desired.roles.map(({ name }) => name));
  const schemas = new Set(file.schemas);
  return (grantee, object) => {
    if (OWN_ROLES.includes(grantee)) return false;
    const inside =
      (object.kind === 'database' && object.id === catalog.database.id) ||
      (object.kind === 'schema' ? schemas.has(object.bare) : object.schema !== null && schemas.has(object.schema));
    if (managed.has(grantee)) return object.kind !== 'database' || inside;
    if (grantee === PUBLIC_NAME) {
      const inNone = object.schema === null && object.kind !== 'database' && object.kind !== 'schema';
      return (inside || inNone) && object.extension === null;
    }
    const role = names.role(grantee);
    // What a superuser is granted gives it nothing; what it is granted while it is one counts once it is none.
    if (object.extension !== null || role?.builtIn === true || role?.superuser === true) return false;
    return inside && file.others === 'report';
  };
}
