import type { MembershipOptions, Unmatched } from '../desired/model.ts';
import type { SecuredObject } from '../catalog/model.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import type { Mask } from '../rights/privilege.ts';

/** An attribute as CREATE ROLE writes it. */
export const ATTRIBUTES = ['LOGIN', 'SUPERUSER', 'CREATEDB', 'CREATEROLE', 'REPLICATION', 'BYPASSRLS'] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/**
 * One thing in which the database is not as roles.yaml wants it. Audit, plan and explanation are made of these alone, so that they cannot
 * disagree. `because` is the line of the file that asks for it, or null where nothing does.
 */
export type Difference =
  | { readonly kind: 'role-missing'; readonly role: string; readonly because: string }
  | {
      readonly kind: 'attribute';
      readonly role: string;
      readonly attribute: Attribute;
      readonly wanted: boolean;
      readonly because: string;
    }
  | {
      readonly kind: 'connection-limit';
      readonly role: string;
      readonly is: number;
      readonly wanted: number;
      readonly because: string;
    }
  | {
      readonly kind: 'valid-until';
      readonly role: string;
      readonly is: string | null;
      readonly wanted: string | null;
      readonly because: string;
    }
  | {
      readonly kind: 'setting';
      readonly role: string;
      readonly name: string;
      /** null: it has none. */
      readonly is: string | null;
      /** null: it should have none. */
      readonly wanted: string | null;
      /** True: set for the role in this database alone. */
      readonly here: boolean;
      readonly because: string | null;
    }
  | {
      readonly kind: 'membership-missing';
      readonly role: string;
      readonly member: string;
      readonly wanted: MembershipOptions;
      readonly because: string;
    }
  | {
      readonly kind: 'membership-excess';
      readonly role: string;
      readonly member: string;
      readonly grantor: string;
      /** The options of this grantor's row. */
      readonly is: MembershipOptions;
      /** The options that roles.yaml allows of this row; null: none, and it goes. */
      readonly wanted: MembershipOptions | null;
      /** True: its grantor is to lose ADMIN, and it goes with that. */
      readonly lapses: boolean;
      /** True: nothing can be done with it, since its role is superuser. */
      readonly idle: boolean;
    }
  | {
      /** A membership that is too much, or a loan: who looks may not see which. */
      readonly kind: 'perhaps-lent';
      readonly role: string;
      readonly member: string;
      readonly grantor: string;
    }
  | { readonly kind: 'owner'; readonly object: SecuredObject; readonly is: string; readonly wanted: string }
  /** `meant`: `, did you mean app`, or empty. */
  | { readonly kind: 'schema-missing'; readonly schema: string; readonly meant: string; readonly because: string }
  | {
      readonly kind: 'grant-missing';
      readonly grantee: string;
      readonly object: SecuredObject;
      readonly mask: Mask;
      readonly because: string;
    }
  | {
      readonly kind: 'grant-excess';
      readonly grantee: string;
      readonly object: SecuredObject;
      readonly mask: Mask;
      readonly grantor: string;
      /** False: the file does not name the role, so that a plan leaves it alone. */
      readonly managed: boolean;
    }
  | {
      readonly kind: 'grant-option';
      readonly grantee: string;
      readonly object: SecuredObject;
      readonly mask: Mask;
      readonly grantor: string;
      readonly managed: boolean;
    }
  | {
      readonly kind: 'default-missing';
      readonly creator: string;
      readonly schema: string | null;
      readonly of: ObjectKind;
      readonly grantee: string;
      readonly mask: Mask;
      readonly because: string;
    }
  | {
      readonly kind: 'default-excess';
      readonly creator: string;
      readonly schema: string | null;
      readonly of: ObjectKind;
      readonly grantee: string;
      readonly mask: Mask;
      /** True: the right to grant on is too much, not the privileges themselves. */
      readonly option: boolean;
      /** False: the file does not name the role, so that a plan leaves it alone. */
      readonly managed: boolean;
    }
  | {
      readonly kind: 'row-security';
      readonly table: string;
      readonly problem: string;
      readonly fix: string | null;
      readonly because: string;
    }
  | ({ readonly kind: 'unmatched' } & Unmatched)
  | { readonly kind: 'exception-expired'; readonly id: string; readonly role: string; readonly expired: string };
