import type { AclEntry, RoleId } from '../rights/acl.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import type { Membership } from '../rights/memberships.ts';

/** A row of pg_roles. */
export interface Role {
  readonly id: RoleId;
  readonly name: string;
  readonly superuser: boolean;
  /** The default for new memberships since 16; before, what all memberships do. */
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  /** -1: no limit. */
  readonly connectionLimit: number;
  /** Until when the password is good; ISO 8601, or infinity; null: for ever. */
  readonly validUntil: string | null;
  readonly comment: string | null;
  /** Made by initdb: the bootstrap superuser and those whose names begin with pg_. */
  readonly builtIn: boolean;
}

/** What can be owned and granted on. */
export interface SecuredObject {
  readonly kind: ObjectKind;
  /** Of a column that of its table. */
  readonly id: number;
  /** As SQL takes it behind the kind: `app.orders`, `app.place(bigint, numeric)`; of a column its own name alone. */
  readonly name: string;
  /** Its schema; null where it is in none. Not quoted. */
  readonly schema: string | null;
  /** Its own name, neither quoted nor with its schema: what patterns are compared with. */
  readonly bare: string;
  /** Its kind to people: `partitioned table`, `procedure`, `domain`. */
  readonly what: string;
  readonly owner: RoleId;
  /** The defaults where nobody granted or revoked anything. */
  readonly acl: readonly AclEntry[];
  /** False: the ACL is null, and the defaults hold. */
  readonly explicit: boolean;
  /** The extension it came with; null: none. */
  readonly extension: string | null;
  /** Oid of its parent, of a partition or a child of inheritance; of the table whose column it counts, of a sequence. */
  readonly parent: number | null;
}

/** A row of pg_default_acl: what objects that `creator` makes will be granted. */
export interface DefaultPrivileges {
  readonly creator: RoleId;
  /** null: in every schema, and then it is the whole ACL and not an addition. */
  readonly schema: string | null;
  readonly kind: ObjectKind;
  readonly acl: readonly AclEntry[];
}

/** A row of pg_db_role_setting, of this database or of all. */
export interface RoleSetting {
  /** null: of every role. */
  readonly role: RoleId | null;
  /** True: in this database alone. */
  readonly here: boolean;
  readonly name: string;
  readonly value: string;
}

/**
 * What whoever writes or reads a relation runs with rights of its own: a default's function or sequence, a check, an expression of an index,
 * a policy, a function in a view.
 */
export interface Use {
  /** Oid of the table or view. */
  readonly relation: number;
  readonly kind: 'routine' | 'sequence';
  /** Oid of what is used. */
  readonly id: number;
  /** `write`: by INSERT and UPDATE; `any`: by whatever is done to the relation. */
  readonly when: 'write' | 'any';
}

/** A table that has row-level security, or policies that wait for it. */
export interface RowSecurity {
  readonly relation: number;
  readonly enabled: boolean;
  readonly forced: boolean;
  readonly policies: readonly string[];
}

/** What the catalogs say about roles and rights, in one snapshot. */
export interface RoleCatalog {
  /** server_version_num. */
  readonly serverVersion: number;
  readonly database: { readonly id: number; readonly name: string; readonly owner: RoleId };
  readonly roles: readonly Role[];
  readonly memberships: readonly Membership[];
  readonly objects: readonly SecuredObject[];
  readonly defaults: readonly DefaultPrivileges[];
  readonly settings: readonly RoleSetting[];
  readonly uses: readonly Use[];
  readonly rowSecurity: readonly RowSecurity[];
}
