import type { ObjectKind } from './kinds.ts';
import { maskOf, type Mask } from './privilege.ts';

interface PredefinedRight {
  readonly kinds: readonly ObjectKind[];
  readonly mask: Mask;
}

const RELATIONS = ['table', 'sequence'] as const;

/**
 * Predefined roles whose power is in the server's code and never in an ACL (pg_class_aclmask_ext() and pg_namespace_aclmask_ext() of
 * aclchk.c). They act through memberships WITH INHERIT. The others give no privilege on objects: what they open is among the escalations.
 */
export const PREDEFINED_RIGHTS: Readonly<Record<string, readonly PredefinedRight[]>> = {
  pg_read_all_data: [
    { kinds: RELATIONS, mask: maskOf('SELECT') },
    { kinds: ['schema'], mask: maskOf('USAGE') },
  ],
  pg_write_all_data: [
    { kinds: RELATIONS, mask: maskOf('INSERT', 'UPDATE', 'DELETE') },
    { kinds: ['schema'], mask: maskOf('USAGE') },
  ],
  pg_maintain: [{ kinds: ['table'], mask: maskOf('MAINTAIN') }],
};

/** What a role of that name gives on an object besides any ACL; a column has what its table has. */
export function predefinedMask(role: string, { kind }: { readonly kind: ObjectKind }): Mask {
  const asked = kind === 'column' ? 'table' : kind;
  return (PREDEFINED_RIGHTS[role] ?? []).filter(({ kinds }) => kinds.includes(asked)).reduce((mask, one) => mask | one.mask, 0);
}
