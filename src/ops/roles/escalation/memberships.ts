import { ident } from '../../../db/ident.ts';
import type { ReachedBy } from '../audit/reached-by.ts';
import type { Membership } from '../rights/memberships.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** What a membership lets its member do that no privilege function shows, or more than it was meant to. */
export const MEMBERSHIP_RULES: readonly Rule[] = [
  {
    id: 'rights-after-set-role',
    paths: [1],
    severity: 'medium',
    title: 'a membership without INHERIT that may be set',
    why: 'has_table_privilege() says no, and after SET ROLE the member reads all the same',
    judge: (facts) =>
      memberEvidence(
        facts,
        'set',
        (row) => row.set && !row.inherit && !facts.isBuilder(row.member),
        (row) => ({
          message: 'it has these rights as soon as it says SET ROLE, which has_table_privilege() does not tell',
          // What the file declares has been thought of.
          ...(isDeclared(facts, row) ? { severity: 'info' as const, fix: 'nothing: the file declares it' } : {}),
        }),
      ),
  },
  {
    id: 'owner-inherited',
    paths: [2],
    severity: 'high',
    title: 'a login inherits a role that owns objects',
    why: 'with INHERIT alone, and SET FALSE, it altered, granted on and dropped the tables of that role',
    judge: (facts) => {
      const owners = new Map(facts.catalog.objects.map(({ owner, name }) => [owner, name]));
      return memberEvidence(
        facts,
        'inherit',
        (row) => row.inherit && owners.has(row.role),
        (row) => ({ message: `it may alter, grant on and drop what that role owns, such as ${owners.get(row.role)}` }),
      );
    },
  },
  {
    id: 'membership-admin',
    paths: [3],
    severity: 'high',
    title: 'ADMIN on a role',
    why: 'with ADMIN alone it granted itself the role with INHERIT and SET, and read its tables',
    judge: (facts) =>
      memberEvidence(
        facts,
        'admin',
        (row) => row.admin && !isSuperuser(facts, row.role),
        () => ({ message: 'it can grant itself, and anybody else, all that this role has' }),
      ),
  },
  {
    id: 'createrole-with-admin',
    paths: [5],
    severity: 'critical',
    title: 'CREATEROLE together with ADMIN on a role',
    why: 'it made a login of its own in that role, and so keeps the way in when its own membership is taken away',
    judge: (facts) => {
      const makers = new Set(
        facts.catalog.roles
          .filter(({ createRole, superuser }) => createRole && !superuser)
          .flatMap(({ id }) => facts.becomers(id))
          .map(({ login }) => login),
      );
      return memberEvidence(
        facts,
        'admin',
        (row) => row.admin && !isSuperuser(facts, row.role) && facts.holders(row.member).some(({ login }) => makers.has(login)),
        () => ({ message: 'it can make logins of its own that are members of this role' }),
      );
    },
  },
];

type Option = 'inherit' | 'set' | 'admin';

/** One piece of evidence for each row of pg_auth_members that `broken` picks and some login has a use of. */
function memberEvidence(
  facts: Facts,
  option: Option,
  broken: (row: Membership) => boolean,
  words: (row: Membership) => Pick<Evidence, 'message'> & Partial<Pick<Evidence, 'severity' | 'fix'>>,
): Evidence[] {
  return facts.catalog.memberships.filter(broken).flatMap((row): Evidence[] => {
    const ways = waysInto(facts, row, option);
    if (ways.length === 0) return [];
    const { member, role, grantor } = membershipNames(facts, row);
    return [
      {
        object: `${member} in ${role}`,
        role: member,
        fix: `revoke ${option} option for ${ident(role)} from ${ident(member)} granted by ${ident(grantor)};`,
        ways,
        detail: { member, memberOf: role, grantor, option },
        ...words(row),
      },
    ];
  });
}

/** INHERIT and ADMIN work for whoever has the member's rights, SET for whoever logs in as the member or one of its kind. */
function waysInto(facts: Facts, { member, role, set }: Membership, option: Option): ReachedBy[] {
  const ways = option === 'set' && set ? settersOf(facts, member, role) : facts.holders(member);
  return ways.filter(({ login }) => !facts.administrators.has(login));
}

function settersOf(facts: Facts, member: number, role: number): readonly ReachedBy[] {
  const becoming = new Map(facts.becomers(role).map((way) => [way.login, way]));
  return facts.becomers(member).flatMap(({ login }) => becoming.get(login) ?? []);
}

function isSuperuser({ catalog }: Facts, id: number): boolean {
  return catalog.roles.some((role) => role.id === id && role.superuser);
}

function membershipNames({ names }: Facts, { member, role, grantor }: Membership): Record<'member' | 'role' | 'grantor', string> {
  return { member: names.of(member), role: names.of(role), grantor: names.of(grantor) };
}

function isDeclared(facts: Facts, row: Membership): boolean {
  const { member, role } = membershipNames(facts, row);
  return facts.desired.roles.some(({ name, memberOf }) => name === member && memberOf[role]?.set === true);
}
