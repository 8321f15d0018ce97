import type { RolesFile } from '../../../config/roles/load.ts';
import type { Role, RoleCatalog } from '../catalog/model.ts';
import { PUBLIC_NAME, type DesiredState } from '../desired/model.ts';
import type { Loan } from '../loan/loan.ts';
import { PUBLIC, type RoleId } from '../rights/acl.ts';

/** What is compared. */
export interface Comparison {
  readonly file: RolesFile;
  readonly desired: DesiredState;
  readonly catalog: RoleCatalog;
  /** Append-only tables, which belong to a role nobody can become; null: there are none. */
  readonly guarded: Guarded | null;
  /** Today, as YYYY-MM-DD in UTC. */
  readonly today: string;
  /** Roles that are lent; null: they cannot be seen. */
  readonly loans?: readonly Loan[] | null;
}

/**
 * Owner of append-only tables, and the schemas that hold some. These schemas and the database are to be its as well: whoever owns them may drop
 * what is in them once the event triggers are off.
 */
export interface Guarded {
  readonly owner: string;
  readonly schemas: readonly string[];
}

/** Names for oids and oids for names, of the roles of a catalog. */
export interface RoleNames {
  readonly of: (id: RoleId) => string;
  /** The oid behind a name, that of a role which is no more included; {@link PUBLIC} for PUBLIC. */
  readonly idOf: (name: string) => RoleId;
  readonly role: (name: string) => Role | undefined;
}

export function roleNames({ roles }: Pick<RoleCatalog, 'roles'>): RoleNames {
  const known = namesOf.get(roles) ?? makeNames(roles);
  namesOf.set(roles, known);
  return known;
}

/** Asked for again for every object: made once for each catalog. */
const namesOf = new WeakMap<RoleCatalog['roles'], RoleNames>();

function makeNames(roles: RoleCatalog['roles']): RoleNames {
  const byId = new Map(roles.map((role) => [role.id, role]));
  const byName = new Map(roles.map((role) => [role.name, role]));
  return {
    // A role that was dropped by hand in the catalogs leaves its oid behind.
    of: (id) => (id === PUBLIC ? PUBLIC_NAME : (byId.get(id)?.name ?? String(id))),
    idOf: (name) => (name === PUBLIC_NAME ? PUBLIC : (byName.get(name)?.id ?? Number(name))),
    role: (name) => byName.get(name),
  };
}

/** Roles that dbctl makes for itself; what they may do is for the commands that made them. */
export const OWN_ROLES: readonly string[] = ['dbctl_owner', 'dbctl_auditor', 'dbctl_guard', 'dbctl_ledger', 'dbctl_protected'];
