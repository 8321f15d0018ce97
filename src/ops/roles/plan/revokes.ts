import { step, type Step } from '../../../core/step.ts';
import type { SecuredObject } from '../catalog/model.ts';
import type { DesiredGrant } from '../desired/model.ts';
import { objectKey } from '../desired/grant-map.ts';
import type { Difference } from '../difference/model.ts';
import { roleNames, type Comparison, type RoleNames } from '../difference/inputs.ts';
import { wantedOwners, type WantedOwner } from '../difference/owners.ts';
import type { RoleId } from '../rights/acl.ts';
import { revocable, type Dependent, type Revocation } from './cascade.ts';
import { actingAs } from './acting-as.ts';
import { columnsText, granteeText, grantTarget, privilegeList, tableNames } from './target.ts';

type Revoked = Extract<Difference, { kind: 'grant-excess' | 'grant-option' }>;

interface Words {
  readonly names: RoleNames;
  readonly tableOf: (id: number) => string;
  readonly serverVersion: number;
  readonly desired: readonly DesiredGrant[];
  readonly wantedOwner: WantedOwner;
  readonly asRole: (role: string, schema: string | null, sql: string) => string[];
}

/** What is revoked, and which of the differences that a plan leaves to a person end with it all the same. */
export interface Revokes {
  readonly steps: readonly Step[];
  readonly ended: ReadonlySet<Difference>;
}

/**
 * The REVOKE of each entry that is too much. A superuser's revoke is the owner's and leaves what others passed on as it is, without a word
 * (measured on 18.2): what the owner granted is revoked WITH what hangs on it, by CASCADE, and named; what is left then was granted by
 * somebody who keeps the right to, and is revoked as that role. That comes first: a right on a column may hang on a grant option for the
 * table, and then does not go with it, and can no longer be revoked by who granted it.
 */
export function revokeSteps(differences: readonly Difference[], comparison: Comparison): Revokes {
  const { catalog, desired } = comparison;
  const words: Words = {
    names: roleNames(catalog),
    tableOf: tableNames(catalog),
    serverVersion: catalog.serverVersion,
    desired: desired.grants,
    wantedOwner: wantedOwners(comparison),
    asRole: actingAs(catalog),
  };
  const byObject = new Map<SecuredObject | string, Revoked[]>();
  for (const one of differences) {
    if (one.kind !== 'grant-excess' && one.kind !== 'grant-option') continue;
    const key = objectKey(one.object);
    byObject.set(key, [...(byObject.get(key) ?? []), one]);
  }
  const parts = [...byObject.values()].map((some) => objectSteps(some, words));
  return {
    steps: [...parts.flatMap(({ byOthers }) => byOthers), ...parts.flatMap(({ byOwner }) => byOwner)],
    ended: new Set(parts.flatMap(({ ended }) => ended)),
  };
}

interface ObjectRevokes {
  readonly byOthers: readonly Step[];
  readonly byOwner: readonly Step[];
  readonly ended: readonly Difference[];
}

function objectSteps(found: readonly Revoked[], words: Words): ObjectRevokes {
  const object = found[0]?.object;
  if (object === undefined) return { byOthers: [], byOwner: [], ended: [] };
  const id = newOwner(object, words);
  const all = found.filter(({ managed }) => managed).map((one) => ({ one, revocation: revocationOf(one, id) }));
  const owner = id(object.owner);
  const acl = object.acl.map((entry) => ({ ...entry, grantee: id(entry.grantee), grantor: id(entry.grantor) }));
  const byOwner = all.filter(({ revocation }) => revocation.grantor === owner);
  const cascading = revocable(acl, owner);
  for (const { revocation } of byOwner) cascading.take(revocation);
  const byOthers = all.filter(({ revocation }) => {
    if (revocation.grantor === owner || !cascading.has(revocation)) return false;
    cascading.take(revocation);
    return true;
  });
  const real = revocable(acl, owner);
  const steps = (some: typeof all, asGrantor: boolean): Step[] =>
    some.map(({ one, revocation }) => revokeStep(one, real.take(revocation), asGrantor, words));
  const done = { byOthers: steps(byOthers, true), byOwner: steps(byOwner, false) };
  return { ...done, ended: found.filter((one) => !one.managed && !real.has(revocationOf(one, id))) };

  function revocationOf({ kind, grantee, grantor, mask }: Revoked, as: (role: RoleId) => RoleId): Revocation {
    const { idOf } = words.names;
    return { grantee: as(idOf(grantee)), grantor: as(idOf(grantor)), mask, option: kind === 'grant-option' };
  }
}

/** The owner changes before anything is revoked, and with it the entries of the one before (aclnewowner() of acl.c). */
function newOwner(object: SecuredObject, { names, wantedOwner }: Words): (role: RoleId) => RoleId {
  const wanted = names.role(wantedOwner(object))?.id ?? object.owner;
  return (role) => (role === object.owner ? wanted : role);
}

function revokeStep(
  { kind, object, grantee, grantor, mask }: Revoked,
  taken: readonly Dependent[],
  asGrantor: boolean,
  words: Words,
): Step {
  const privileges = privilegeList(mask, object, words.serverVersion);
  const target = grantTarget(object, words.tableOf);
  const option = kind === 'grant-option' ? 'grant option for ' : '';
  const cascade = taken.length === 0 ? '' : ' cascade';
  const revoke = `revoke ${option}${privileges} on ${target} from ${granteeText(grantee)}${cascade}`;
  const kept = option === '' ? keptColumns({ object, grantee, mask }, target, words) : [];
  const summary = `take ${option === '' ? '' : 'the right to grant '}${privileges} on ${target} from ${grantee}`;
  return step(
    'revoke',
    target,
    `${summary}${asGrantor ? `, which ${grantor} granted` : ''}${takenText(taken, object, target, words)}`,
    [...(asGrantor ? words.asRole(grantor, object.schema, revoke) : [revoke]), ...kept].join(';\n'),
  );
}

/** Names everybody whom CASCADE takes something from. */
function takenText(taken: readonly Dependent[], object: SecuredObject, target: string, { names, serverVersion }: Words): string {
  if (taken.length === 0) return '';
  const list = taken.map(
    ({ grantee, grantor, mask }) =>
      `${privilegeList(mask, object, serverVersion)} on ${target} from ${names.of(grantee)}, which ${names.of(grantor)} granted`,
  );
  return `; with it goes ${list.join('; ')}`;
}

/** REVOKE on a table takes the same privilege on its columns too, wanted or not (measured on 18.2): those are granted again. */
function keptColumns(
  { object, grantee, mask }: Pick<Revoked, 'object' | 'grantee' | 'mask'>,
  target: string,
  { desired, serverVersion }: Words,
): string[] {
  if (object.kind !== 'table') return [];
  const lists = (columnGrants(desired).get(object.id) ?? [])
    .filter((one) => one.grantee === grantee && (one.mask & mask) !== 0)
    .map((one) => privilegeList(one.mask & mask, one.object, serverVersion));
  return lists.length === 0 ? [] : [`grant ${columnsText(lists)} on ${target} to ${granteeText(grantee)}`];
}

type ColumnGrants = ReadonlyMap<number, readonly DesiredGrant[]>;
/** Grants on columns by their table, made once for each file: an audit words thousands of differences one by one. */
const byTable = new WeakMap<readonly DesiredGrant[], ColumnGrants>();

function columnGrants(desired: readonly DesiredGrant[]): ColumnGrants {
  const known = byTable.get(desired);
  if (known !== undefined) return known;
  const found = new Map<number, DesiredGrant[]>();
  for (const grant of desired) {
    if (grant.object.kind !== 'column') continue;
    const ofTable = found.get(grant.object.id);
    if (ofTable === undefined) found.set(grant.object.id, [grant]);
    else ofTable.push(grant);
  }
  byTable.set(desired, found);
  return found;
}
