import { membershipGraph, type MembershipGraph } from '../rights/memberships.ts';
import type { RoleCatalog } from './model.ts';

/** Who is a member of whom in this database. */
export function graphOf({
  roles,
  memberships,
  database,
}: Pick<RoleCatalog, 'roles' | 'memberships' | 'database'>): MembershipGraph {
  return membershipGraph(memberships, {
    superusers: new Set(roles.filter(({ superuser }) => superuser).map(({ id }) => id)),
    databaseOwner: database.owner,
    ownerGroup: roles.find(({ name }) => name === 'pg_database_owner')?.id,
  });
}
