import { differences } from '../difference/differences.ts';
import type { Comparison } from '../difference/inputs.ts';
import type { EscalationDetails } from '../escalation/details.ts';
import { escalationFacts } from '../escalation/facts.ts';
import { escalationFindings } from '../escalation/findings.ts';
import { differenceFindings } from './difference-findings.ts';
import { foldMissingRoles } from './missing-roles.ts';
import { whoReaches } from './reached-by.ts';
import { withExceptions, type JudgedFinding } from './exceptions.ts';

/** Everything an audit has to say: what differs from the file, and what leads further than it seems. Pure. */
export function auditRoles(comparison: Comparison, details: EscalationDetails): JudgedFinding[] {
  const facts = escalationFacts(comparison, details);
  const found = [
    ...foldMissingRoles(differenceFindings(differences(comparison), comparison, whoReaches(comparison.catalog))),
    ...escalationFindings(facts),
  ];
  return withExceptions(found, comparison.file.exceptions, comparison.today);
}
