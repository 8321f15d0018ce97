import type { SecuredObject } from '../catalog/model.ts';
import type { DesiredGrant } from '../desired/model.ts';
import { PUBLIC_NAME } from '../desired/model.ts';
import { GrantMap } from '../desired/grant-map.ts';
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
  const names = roleNames(catalog);
  const wanted = new GrantMap<DesiredGrant>();
  for (const grant of desired.grants) wanted.set(grant.grantee, grant.object, grant);
  const found = new GrantMap<Mask>();
  const excess: Difference[] = [];
  const concerned = concerns(comparison, names);
  const wantedOwner = wantedOwners(comparison);
  for (const object of catalog.objects) {
    for (const entry of object.acl) {
      // What the owner granted, and its own entry, go with the object to the next owner; what that one granted is the owner's then.
      if (entry.grantee === object.owner) continue;
      const grantee = names.of(entry.grantee);
      const byOwner = entry.grantor === object.owner || names.of(entry.grantor) === wantedOwner(object);
      if (byOwner) found.set(grantee, object, (found.get(grantee, object) ?? 0) | entry.privileges);
      const asked = byOwner ? (wanted.get(grantee, object)?.mask ?? 0) : 0;
      // Of hundreds of thousands most are as they should be.
      if ((entry.privileges & ~asked) === 0 && (entry.grantable & asked) === 0) continue;
      if (grantee === wantedOwner(object) || !concerned(grantee, object)) continue;
      const allowed = asked | (entry.grantee === PUBLIC ? asItCame(object) : 0);
      excess.push(...entryDifferences(object, entry, grantee, allowed, comparison, names));
    }
  }
  return [...missing(desired.grants, found, wantedOwner), ...excess];
}

function missing(grants: readonly DesiredGrant[], found: GrantMap<Mask>, wantedOwner: WantedOwner): Difference[] {
  const differences: Difference[] = [];
  for (const { grantee, object, because, mask: wanted } of grants) {
    const mask = wanted & ~(found.get(grantee, object) ?? 0);
    if (mask !== 0 && grantee !== wantedOwner(object))
      differences.push({ kind: 'grant-missing', grantee, object, mask, because });
  }
  return differences;
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
 * Whether an entry is the file's business: in its schemas everybody's, but for dbctl's own roles; elsewhere in the cluster that of the
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
    if (object.extension !== null || names.role(grantee)?.builtIn === true) return false;
    return inside && file.others === 'report';
  };
}
