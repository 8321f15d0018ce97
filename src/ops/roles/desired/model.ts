import type { SecuredObject } from '../catalog/model.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import type { Reasoned } from './reasons.ts';

/** PUBLIC where a role's name stands; no role can be called so (unquoted it is a keyword, and GRANT refuses it quoted too). */
export const PUBLIC_NAME = 'PUBLIC';

export interface MembershipOptions {
  readonly inherit: boolean;
  readonly set: boolean;
  readonly admin: boolean;
}

/** A role as roles.yaml wants it; a login of a role with `logins` is a role by itself here. */
export interface DesiredRole {
  readonly name: string;
  readonly purpose: string;
  /** What it is made for; null: it does not say. */
  readonly duty: 'verify' | null;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  /** -1: no limit. */
  readonly connectionLimit: number;
  /** Last day on which its password is good, such as 2027-03-31; null: for ever. */
  readonly validUntil: string | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly memberOf: Readonly<Record<string, MembershipOptions>>;
  /** Where in roles.yaml it stands: `roles.yaml:12`. */
  readonly because: string;
}

/** Privileges of one role on one object. */
export interface DesiredGrant extends Reasoned {
  readonly grantee: string;
  readonly object: SecuredObject;
}

/** What objects that `creator` will make are granted. */
export interface DesiredDefault extends Reasoned {
  readonly creator: string;
  /** null: in every schema. */
  readonly schema: string | null;
  readonly kind: ObjectKind;
  readonly grantee: string;
}

/** A name or pattern of the file that fits nothing. */
export interface Unmatched {
  readonly because: string;
  readonly problem: string;
  /** As the file has it; null where it is of no schema. */
  readonly pattern: string | null;
}

/** roles.yaml, worked out for the objects a database has. */
export interface DesiredState {
  readonly roles: readonly DesiredRole[];
  readonly grants: readonly DesiredGrant[];
  readonly defaults: readonly DesiredDefault[];
  /** Names in the file that fit nothing here. */
  readonly unmatched: readonly Unmatched[];
}
