import type { MembershipOptions } from '../desired/model.ts';
import type { Membership } from '../rights/memberships.ts';
import type { Comparison } from './inputs.ts';
import { OWN_ROLES, roleNames } from './inputs.ts';
import type { Difference } from './model.ts';

/**
 * Memberships of managed roles, and in managed roles. A pair may have a row of each grantor, and what any of them allows counts: each row is
 * compared with what the file allows, and all of them together with what it asks for.
 */
export function membershipDifferences({ file, desired, catalog }: Comparison): Difference[] {
  const names = roleNames(catalog);
  const wanted = new Map(
    desired.roles.flatMap(({ name, memberOf, because }) =>
      Object.entries(memberOf).map(([role, options]) => [`${name}\0${role}`, { member: name, role, options, because }] as const),
    ),
  );
  const managed = new Set(desired.roles.map(({ name }) => name));
  const rows = catalog.memberships
    .map((row) => ({ row, member: names.of(row.member), role: names.of(row.role), grantor: names.of(row.grantor) }))
    .filter(({ member, role }) => managed.has(member) || (managed.has(role) && !OWN_ROLES.includes(member)))
    .filter(({ member, role }) => wanted.has(`${member}\0${role}`) || !file.administrators.includes(member));
  const missing = [...wanted.values()].flatMap(({ member, role, options, because }): Difference[] => {
    const all = together(rows.filter((one) => one.member === member && one.role === role).map(({ row }) => row));
    return all !== null && covers(all, options) ? [] : [{ kind: 'membership-missing', role, member, wanted: options, because }];
  });
  const excess = rows.flatMap(({ row, member, role, grantor }): Difference[] => {
    const allowed = wanted.get(`${member}\0${role}`)?.options ?? null;
    if (allowed !== null && covers(allowed, row)) return [];
    const { inherit, set, admin } = row;
    return [{ kind: 'membership-excess', role, member, grantor, is: { inherit, set, admin }, wanted: allowed }];
  });
  return [...missing, ...excess];
}

function together(rows: readonly Membership[]): MembershipOptions | null {
  if (rows.length === 0) return null;
  const any = (option: keyof MembershipOptions): boolean => rows.some((row) => row[option]);
  return { inherit: any('inherit'), set: any('set'), admin: any('admin') };
}

/** Whether what the first allows holds all that the second does. */
function covers(first: MembershipOptions, second: MembershipOptions): boolean {
  return (first.inherit || !second.inherit) && (first.set || !second.set) && (first.admin || !second.admin);
}
