import type { RoleId } from './acl.ts';

/** A row of pg_auth_members. One pair may have several, one a grantor; what counts is what any of them says. */
export interface Membership {
  readonly role: RoleId;
  readonly member: RoleId;
  readonly grantor: RoleId;
  readonly admin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
}

/** What a membership allows, as GRANT … WITH takes it. */
export function membershipText({ inherit, set, admin }: Pick<Membership, 'inherit' | 'set' | 'admin'>): string {
  return `inherit ${inherit}, set ${set}, admin ${admin}`;
}

/** The roles a role is a member of, by what the membership allows. */
export interface MembershipGraph {
  /** Whose privileges it has, without doing anything. */
  readonly inherits: (member: RoleId) => readonly RoleId[];
  /** As whom it may act by SET ROLE. */
  readonly sets: (member: RoleId) => readonly RoleId[];
  /** To whom it may grant membership, itself included. */
  readonly administers: (member: RoleId) => readonly RoleId[];
}

/** What else decides: who is superuser, and who owns this database, whose owner is a member of pg_database_owner without a row. */
export interface MembershipFacts {
  readonly superusers: ReadonlySet<RoleId>;
  readonly databaseOwner: RoleId;
  /** The oid of pg_database_owner; undefined before 14. */
  readonly ownerGroup: RoleId | undefined;
}

/** The graph of these memberships in this database. */
export function membershipGraph(
  memberships: readonly Membership[],
  { superusers, databaseOwner, ownerGroup }: MembershipFacts,
): MembershipGraph {
  const implicit =
    ownerGroup === undefined
      ? []
      : [{ role: ownerGroup, member: databaseOwner, grantor: databaseOwner, admin: false, inherit: true, set: true }];
  const all = [...memberships, ...implicit];
  const edges = (allows: (membership: Membership) => boolean): ((member: RoleId) => readonly RoleId[]) => {
    const roles = new Map<RoleId, Set<RoleId>>();
    for (const one of all.filter(allows)) roles.set(one.member, (roles.get(one.member) ?? new Set()).add(one.role));
    const lists = new Map([...roles].map(([member, set]) => [member, [...set]]));
    return (member) => lists.get(member) ?? [];
  };
  return {
    inherits: edges(({ inherit }) => inherit),
    sets: edges(({ set }) => set),
    // Only a superuser may grant membership in a superuser (check_role_membership_authorization in user.c).
    administers: edges(({ admin, role }) => admin && !superusers.has(role)),
  };
}
