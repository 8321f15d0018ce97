import type { Loan } from '../loan/loan.ts';
import type { Difference } from './model.ts';

/** Takes out the memberships of loans that run: a plan must not end them before their time. What is overdue stays, and is revoked. Pure. */
export function withoutLoans(found: readonly Difference[], loans: readonly Loan[]): Difference[] {
  const running = new Set(loans.filter(({ state }) => state === 'open').map(({ role, login }) => `${login}\0${role}`));
  // Nobody lends ADMIN.
  return found.filter((one) => one.kind !== 'membership-excess' || one.is.admin || !running.has(`${one.member}\0${one.role}`));
}
