import { item, type Item } from '../../../core/report.ts';
import type { Loan } from './loan.ts';

/** What an audit says of loans: one that runs is an exception, one that nobody took back is a finding; null where they cannot be seen. */
export function loanItems(loans: readonly Loan[] | null): Item[] {
  if (loans === null)
    return [
      item({
        id: 'role-lent',
        object: 'dbctl.role_loan',
        status: 'unknown',
        severity: 'medium',
        message: 'could not look which roles are lent',
        fix: 'grant dbctl_auditor to whoever audits',
      }),
    ];
  return loans.flatMap((loan) => (loan.state === 'ended' ? [] : [loan.state === 'open' ? running(loan) : overdue(loan)]));
}

const objectOf = ({ role, login }: Loan): string => `${login} in ${role}`;
const detailOf = ({ id, reason, operator, givenBy, givenAt, until }: Loan) => ({
  loan: id,
  reason,
  operator,
  givenBy,
  givenAt,
  until,
});

function running(loan: Loan): Item {
  return item({
    id: 'role-lent',
    object: objectOf(loan),
    status: 'waived',
    severity: 'high',
    message: `lent by ${loan.operator} until ${loan.until}: ${loan.reason}`,
    fix: `dbctl roles return ${loan.id}`,
    detail: detailOf(loan),
  });
}

function overdue(loan: Loan): Item {
  return item({
    id: 'loan-overdue',
    object: objectOf(loan),
    status: 'fail',
    severity: 'critical',
    message: `lent by ${loan.operator} until ${loan.until}, and nobody has taken it back: ${loan.reason}`,
    fix: 'dbctl roles return --overdue',
    detail: detailOf(loan),
  });
}
