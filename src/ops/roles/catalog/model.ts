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
  /** Oid of its schema; null where it is in none. */
  readonly schema: number | null;
  /** Its kind to people: `partitioned table`, `procedure`, `domain`. */
  readonly what: string;
  readonly owner: RoleId;
  /** The defaults where nobody granted or revoked anything. */
  readonly acl: readonly AclEntry[];
  /** False: the ACL is null, and the defaults hold. */
  readonly explicit: boolean;
  /** The extension it came with; null: none. */
  readonly extension: string | null;
  /** Of a partition or a child of inheritance its parent's oid. */
  readonly parent: number | null;
}

/** A row of pg_default_acl: what objects that `creator` makes will be granted. */
export interface DefaultPrivileges {
  readonly creator: RoleId;
  /** Oid of the schema; null: in every schema, and then it is the whole ACL and not an addition. */
  readonly schema: number | null;
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
}
