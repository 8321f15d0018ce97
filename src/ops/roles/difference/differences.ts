import { defaultDifferences } from './defaults.ts';
import { grantDifferences } from './grants.ts';
import type { Comparison } from './inputs.ts';
import { withoutLoans } from './loans.ts';
import { membershipDifferences } from './memberships.ts';
import type { Difference } from './model.ts';
import { ownerDifferences } from './owners.ts';
import { roleDifferences } from './roles.ts';
import { rowSecurityDifferences } from './row-security.ts';
import { settingDifferences } from './settings.ts';
import { withoutWaiting } from './waiting.ts';

/** Everything in which the database is not as roles.yaml wants it, in the order in which it would be put right. Pure. */
export function differences(comparison: Comparison): Difference[] {
  const { desired, file, today } = comparison;
  const found = [
    ...desired.unmatched.map((one): Difference => ({ kind: 'unmatched', ...one })),
    ...file.exceptions
      .filter(({ expires }) => expires < today)
      .map(({ id, role, expires }): Difference => ({ kind: 'exception-expired', id, role, expired: expires })),
    ...roleDifferences(comparison),
    ...settingDifferences(comparison),
    ...membershipDifferences(comparison),
    ...ownerDifferences(comparison),
    ...grantDifferences(comparison),
    ...defaultDifferences(comparison),
    ...rowSecurityDifferences(comparison),
  ];
  return withoutLoans(withoutWaiting(found, comparison), comparison.loans);
}
