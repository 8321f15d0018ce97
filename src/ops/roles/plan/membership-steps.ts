import { step, type Step } from '../../../core/step.ts';
import { ident } from '../../../db/ident.ts';
import type { RoleCatalog } from '../catalog/model.ts';
import { roleNames, type RoleNames } from '../difference/inputs.ts';
import type { Difference } from '../difference/model.ts';
import type { MembershipOptions } from '../desired/model.ts';
import { BOOTSTRAP_SUPERUSER, type AclEntry } from '../rights/acl.ts';
import { membershipText } from '../rights/memberships.ts';
import { revocable, type Dependent } from './cascade.ts';

type Excess = Extract<Difference, { kind: 'membership-excess' }>;

/** Memberships that are missing, or have fewer options than they should. */
export function membershipGrantSteps(differences: readonly Difference[]): Step[] {
  return differences
    .filter((one) => one.kind === 'membership-missing')
    .map(({ role, member, wanted }) => {
      const options = membershipText(wanted);
      const sql = `grant ${ident(role)} to ${ident(member)} with ${options}`;
      return step('grant role', member, `${member} becomes a member of ${role} (${options})`, sql);
    });
}

/** A membership as an entry of an ACL: one privilege, and the right to grant it on. */
const MEMBER = 1;

/**
 * Memberships nobody asked for, and options of others, taken away from whoever granted them. Those that a member with ADMIN passed on go
 * with its ADMIN: the first REVOKE cascades, and names them.
 */
export function membershipRevokeSteps(differences: readonly Difference[], catalog: RoleCatalog): Step[] {
  const names = roleNames(catalog);
  const byRole = new Map<string, Excess[]>();
  for (const one of differences) {
    if (one.kind === 'membership-excess') byRole.set(one.role, [...(byRole.get(one.role) ?? []), one]);
  }
  return [...byRole].flatMap(([role, some]) => {
    // What it granted hangs on nobody's grant.
    const members = revocable(membersOf(names.idOf(role), catalog), BOOTSTRAP_SUPERUSER);
    const between = ({ member, grantor }: Excess) => ({
      grantee: names.idOf(member),
      grantor: names.idOf(grantor),
      mask: MEMBER,
    });
    const first = some.filter(({ lapses }) => !lapses);
    const others = some.filter(({ lapses }) => lapses);
    return [...first, ...others].flatMap((one) =>
      members.has(between(one)) ? revokeSteps(one, (option) => members.take({ ...between(one), option }), names) : [],
    );
  });
}

const membersOf = (role: number, { memberships }: RoleCatalog): AclEntry[] =>
  memberships
    .filter((row) => row.role === role)
    .map(({ member, grantor, admin }) => ({ grantee: member, grantor, privileges: MEMBER, grantable: admin ? MEMBER : 0 }));

function revokeSteps(
  { role, member, grantor, is, wanted }: Excess,
  take: (option: boolean) => readonly Dependent[],
  names: RoleNames,
): Step[] {
  const revoke = (what: string, summary: string, taken: readonly Dependent[]): Step => {
    const cascade = taken.length === 0 ? '' : ' cascade';
    const sql = `revoke ${what}${ident(role)} from ${ident(member)} granted by ${ident(grantor)}${cascade}`;
    return step('revoke role', member, `${summary}, which ${grantor} granted${takenText(taken, role, names)}`, sql);
  };
  if (wanted === null) return [revoke('', `${member} is no longer a member of ${role}`, take(false))];
  return (['inherit', 'set', 'admin'] as const)
    .filter((option) => is[option] && !wanted[option])
    .map((option) => revoke(`${option} option for `, OPTION_LOST[option](member, role), option === 'admin' ? take(true) : []));
}

function takenText(taken: readonly Dependent[], role: string, names: RoleNames): string {
  if (taken.length === 0) return '';
  const list = taken.map(({ grantee, grantor }) => `${names.of(grantee)} in ${role}, which ${names.of(grantor)} granted`);
  return `; with it goes the membership of ${list.join('; of ')}`;
}

const OPTION_LOST: Readonly<Record<keyof MembershipOptions, (member: string, role: string) => string>> = {
  inherit: (member, role) => `${member} no longer inherits ${role}`,
  set: (member, role) => `${member} can no longer become ${role}`,
  admin: (member, role) => `${member} can no longer grant ${role}`,
};
