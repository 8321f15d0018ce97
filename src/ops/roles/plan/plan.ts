import type { Step } from '../../../core/step.ts';
import type { Comparison } from '../difference/inputs.ts';
import type { Difference } from '../difference/model.ts';
import type { Accepted } from '../audit/accepted.ts';
import type { FindingWords } from '../audit/finding.ts';
import { defaultSteps, grantSteps, ownerSteps, rowSecuritySteps } from './grant-steps.ts';
import { revokeSteps } from './revokes.ts';
import { membershipGrantSteps, membershipRevokeSteps } from './membership-steps.ts';
import { alterRoleSteps, attributeRevokeSteps, createRoleSteps } from './role-steps.ts';

/** What has to be done so that the database is as roles.yaml wants it. */
export interface RolePlan {
  /** Takes nothing from anybody. In order. */
  readonly gives: readonly Step[];
  /** Takes something away: shown apart, and confirmed. In order, after the others. */
  readonly takes: readonly Step[];
  /** What no statement of a plan puts right: a person has to. */
  readonly left: readonly Difference[];
  /** What the audit says of each of those; absent: nothing is left. */
  readonly words?: readonly FindingWords[];
  /** What is left since an exception of the file accepts it; absent: nothing. */
  readonly accepted?: readonly Accepted[];
}

/** Grants come before revokes, so that in one transaction nobody is without a right they keep. Pure. */
export function planRoles(found: readonly Difference[], comparison: Comparison): RolePlan {
  const { desired, catalog } = comparison;
  const revokes = revokeSteps(found, comparison);
  const defaults = defaultSteps(found, catalog.serverVersion);
  return {
    gives: [
      ...createRoleSteps(found, desired.roles),
      ...alterRoleSteps(found),
      ...membershipGrantSteps(found),
      ...ownerSteps(found),
      ...grantSteps(found, catalog),
      ...defaults.grants,
      ...rowSecuritySteps(found),
    ],
    takes: [...revokes.steps, ...defaults.revokes, ...membershipRevokeSteps(found, catalog), ...attributeRevokeSteps(found)],
    left: found.filter((one) => needsPerson(one) && !revokes.ended.has(one)),
  };
}

const FOR_A_PERSON: ReadonlySet<Difference['kind']> = new Set([
  'unmatched',
  'schema-missing',
  'exception-expired',
  'perhaps-lent',
]);

function needsPerson(one: Difference): boolean {
  if (FOR_A_PERSON.has(one.kind)) return true;
  if (one.kind === 'row-security') return one.fix === null;
  return (one.kind === 'grant-excess' || one.kind === 'grant-option' || one.kind === 'default-excess') && !one.managed;
}
