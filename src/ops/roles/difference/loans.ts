import type { Loan } from '../loan/loan.ts';
import type { Difference } from './model.ts';

/**
 * Takes out the memberships of loans that run: a plan must not end them before their time. What is overdue stays, and is revoked. Where loans
 * cannot be seen (null) any membership that is too much may be one, and is left to who can see them. Pure.
 */
export function withoutLoans(found: readonly Difference[], loans: readonly Loan[] | null = []): Difference[] {
  const running = new Set((loans ?? []).filter(({ state }) => state === 'open').map(({ role, login }) => `${login}\0${role}`));
  return found.flatMap((one): Difference[] => {
    // Nobody lends ADMIN.
    if (one.kind !== 'membership-excess' || one.is.admin) return [one];
    if (loans === null) return [{ kind: 'perhaps-lent', role: one.role, member: one.member, grantor: one.grantor }];
    return running.has(`${one.member}\0${one.role}`) ? [] : [one];
  });
}
