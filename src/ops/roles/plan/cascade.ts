import type { AclEntry, RoleId } from '../rights/acl.ts';
import type { Mask } from '../rights/privilege.ts';

/** What a REVOKE takes from one grantee of one grantor; with `option` the right to grant on alone. */
export interface Revocation {
  readonly grantee: RoleId;
  readonly grantor: RoleId;
  readonly mask: Mask;
  readonly option: boolean;
}

/** What goes with it: somebody was granted it by a role that could no longer grant it. */
export type Dependent = Omit<Revocation, 'option'>;

/**
 * An ACL from which entries are taken, one REVOKE … CASCADE after the other; each answers what goes besides what it names. The server's
 * rules (aclupdate() and recursive_revoke() of acl.c): whoever loses a grant option and has it from nobody else takes along what they
 * granted by it, and so on. A property test compares it with the server.
 */
export function revocable(
  acl: readonly AclEntry[],
  owner: RoleId,
): { take(one: Revocation): Dependent[]; has(one: Dependent): boolean } {
  const entries = acl.map((entry) => ({ ...entry }));
  const between = (grantee: RoleId, grantor: RoleId) =>
    entries.filter((entry) => entry.grantee === grantee && entry.grantor === grantor);

  const take = ({ grantee, grantor, mask, option }: Revocation): Dependent[] => {
    let lost = 0;
    for (const entry of between(grantee, grantor)) {
      lost |= entry.grantable & mask;
      entry.grantable &= ~mask;
      if (!option) entry.privileges &= ~mask;
    }
    return grantee === owner ? [] : dependents(grantee, lost);
  };

  const dependents = (holder: RoleId, lost: Mask): Dependent[] => {
    const kept = entries.filter(({ grantee }) => grantee === holder).reduce((mask, { grantable }) => mask | grantable, 0);
    const gone = lost & ~kept;
    if (gone === 0) return [];
    return entries
      .filter(({ grantor, privileges }) => grantor === holder && (privileges & gone) !== 0)
      .flatMap(({ grantee, privileges }) => {
        const one = { grantee, grantor: holder, mask: privileges & gone };
        return [one, ...take({ ...one, option: false })];
      });
  };

  return {
    take,
    has: ({ grantee, grantor, mask }) => between(grantee, grantor).some(({ privileges }) => (privileges & mask) !== 0),
  };
}
