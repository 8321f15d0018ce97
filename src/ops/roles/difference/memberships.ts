import type { MembershipOptions } from '../desired/model.ts';
import { BOOTSTRAP_SUPERUSER, type RoleId } from '../rights/acl.ts';
import type { Membership } from '../rights/memberships.ts';
import { administratorsOf } from './administrators.ts';
import type { Comparison } from './inputs.ts';
import { OWN_ROLES, roleNames } from './inputs.ts';
import type { Difference } from './model.ts';

interface NamedMembership {
  readonly row: Membership;
  readonly member: string;
  readonly role: string;
  readonly grantor: string;
}

/**
 * Memberships of managed roles, and in managed roles. A pair may have a row of each grantor, and what any of them allows counts: each row is
 * compared with what the file allows, and all of them together with what it asks for. A row whose grantor is to lose ADMIN goes with that,
 * wanted or not, and so does not count.
 */
export function membershipDifferences(comparison: Comparison): Difference[] {
  const wanted = wantedMemberships(comparison);
  const allowed = ({ member, role }: NamedMembership): MembershipOptions | null =>
    wanted.get(`${member}\0${role}`)?.options ?? null;
  const all = namedMemberships(comparison);
  const rows = all.filter(isDecided(comparison, new Set(wanted.keys())));
  const decided = new Set(rows);
  const administers = new Set(
    all
      .filter((one) => one.row.admin && (!decided.has(one) || allowed(one)?.admin === true))
      .map(({ member, role }) => `${member}\0${role}`),
  );
  const lapses = ({ row, role, grantor }: NamedMembership): boolean =>
    row.grantor !== BOOTSTRAP_SUPERUSER && !administers.has(`${grantor}\0${role}`);
  const superusers = new Set(comparison.catalog.roles.filter(({ superuser }) => superuser).map(({ id }) => id));
  // Only a superuser grants, changes or drops a superuser, whoever has ADMIN on it (user.c).
  const isIdle = ({ inherit, set, admin }: MembershipOptions, role: RoleId): boolean =>
    admin && !inherit && !set && superusers.has(role);
  const missing = [...wanted.values()].flatMap(({ member, role, options, because }): Difference[] => {
    const kept = rows.filter((one) => one.member === member && one.role === role && !lapses(one));
    const together = combined(kept.map(({ row }) => row));
    return together !== null && covers(together, options)
      ? []
      : [{ kind: 'membership-missing', role, member, wanted: options, because }];
  });
  const excess = rows.flatMap((one): Difference[] => {
    const { row, member, role, grantor } = one;
    const is = { inherit: row.inherit, set: row.set, admin: row.admin };
    const gone = lapses(one);
    const options = allowed(one);
    if (!gone && options !== null && covers(options, row)) return [];
    return [
      {
        kind: 'membership-excess',
        role,
        member,
        grantor,
        is,
        wanted: gone ? null : options,
        lapses: gone,
        idle: isIdle(is, one.row.role),
      },
    ];
  });
  return [...missing, ...excess];
}

function wantedMemberships({ desired }: Comparison) {
  return new Map(
    desired.roles.flatMap(({ name, memberOf, because }) =>
      Object.entries(memberOf).map(([role, options]) => [`${name}\0${role}`, { member: name, role, options, because }] as const),
    ),
  );
}

function namedMemberships({ catalog }: Comparison): NamedMembership[] {
  const names = roleNames(catalog);
  return catalog.memberships.map((row) => ({
    row,
    member: names.of(row.member),
    role: names.of(row.role),
    grantor: names.of(row.grantor),
  }));
}

/**
 * Whether the file decides about a membership: of a role it names, or in one. Of roles it does not name those of dbctl itself stay out, the
 * administrators, who have ADMIN on every role that they make, and superusers, whom a membership gives nothing until they are none.
 */
function isDecided(comparison: Comparison, wanted: ReadonlySet<string>): (one: NamedMembership) => boolean {
  const { file, desired, catalog } = comparison;
  const managed = new Set(desired.roles.map(({ name }) => name));
  const superusers = new Set(catalog.roles.filter(({ superuser }) => superuser).map(({ name }) => name));
  const administrators = administratorsOf(comparison);
  return ({ member, role }) => {
    if (managed.has(member)) return wanted.has(`${member}\0${role}`) || !file.administrators.includes(member);
    return managed.has(role) && !OWN_ROLES.includes(member) && !superusers.has(member) && !administrators.has(member);
  };
}

function combined(rows: readonly Membership[]): MembershipOptions | null {
  if (rows.length === 0) return null;
  const any = (option: keyof MembershipOptions): boolean => rows.some((row) => row[option]);
  return { inherit: any('inherit'), set: any('set'), admin: any('admin') };
}

/** Whether what the first allows holds all that the second does. */
function covers(first: MembershipOptions, second: MembershipOptions): boolean {
  return (first.inherit || !second.inherit) && (first.set || !second.set) && (first.admin || !second.admin);
}
