import { SEVERITIES, type Severity } from '../../../core/report.ts';
import { numbersOf } from '../benchmark/benchmark.ts';
import type { Check } from '../check.ts';
import type { Finding, Outcome } from '../outcome.ts';
import type { Policy } from '../policy.ts';
import type { Selected } from '../select.ts';
import type { Profile } from './profile.ts';

export interface Narrowed {
  readonly run: readonly Check[];
  /** What the profile leaves out of them. */
  readonly leftOut: readonly Outcome[];
}

/** The checks of a selection that belong to the profile. Pure. Checks named with --only run, whatever the profile says. */
export function narrow({ run, named }: Pick<Selected, 'run' | 'named'>, profile: Profile): Narrowed {
  if (named) return { run, leftOut: [] };
  const { benchmark } = profile;
  const belonging = benchmark === undefined ? run : run.filter((check) => numbersOf(check, benchmark).length > 0);
  const reasonFor = ({ id }: Check) => profile.leaveOut.find(({ checks }) => checks.includes(id))?.reason;
  return {
    run: belonging.filter((check) => reasonFor(check) === undefined),
    leftOut: belonging.flatMap((check): Outcome[] => {
      const reason = reasonFor(check);
      return reason === undefined ? [] : [{ kind: 'skipped', check, reason: `profile ${profile.name}: ${reason}` }];
    }),
  };
}

/** The policy with the stricter values of the profile. */
export function stricter(policy: Policy, { thresholds }: Profile): Policy {
  return { ...policy, thresholds: { ...policy.thresholds, ...thresholds } };
}

/** Outcomes weighed as the profile does. A row that brings a severity of its own is moved in the same direction only. Pure. */
export function weigh(outcomes: readonly Outcome[], { severities }: Profile): Outcome[] {
  return outcomes.map((outcome) => {
    const weight = severities.find(({ check }) => check === outcome.check.id);
    if (weight === undefined) return outcome;
    const { severity } = weight;
    const check = { ...outcome.check, severity };
    if (outcome.kind !== 'found') return { ...outcome, check };
    const raises = rank(severity) < rank(outcome.check.severity);
    return { ...outcome, check, findings: outcome.findings.map((finding) => weighed(finding, severity, raises)) };
  });
}

function weighed(finding: Finding, severity: Severity, raises: boolean): Finding {
  const own = SEVERITIES.find((word) => word === finding.data['severity']);
  if (own === undefined || (raises ? rank(own) <= rank(severity) : rank(own) >= rank(severity))) return finding;
  return { ...finding, data: { ...finding.data, severity } };
}

/** 0 is the worst. */
function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}
