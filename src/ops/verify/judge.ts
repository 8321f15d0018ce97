import type { JsonObject } from '../../core/json.ts';
import { atLeast, countByStatus, SEVERITIES, STATUSES, type Item, type Severity } from '../../core/report.ts';
import { itemsOf, type Circumstances } from './items.ts';
import { waiverNotices } from './notices.ts';
import type { Outcome } from './outcome.ts';
import { plural } from './plural.ts';

/** How high a run has to jump. */
export interface Bar {
  /** Findings of this severity and worse make the answer no. */
  readonly failOn: Severity;
  /** Checks that must be able to look: unknown makes the answer no. */
  readonly required: readonly string[];
  /** Every unknown and every skipped check makes the answer no. */
  readonly strict: boolean;
}

export interface Verdict {
  readonly ok: boolean;
  /** Worst first. */
  readonly items: readonly Item[];
  readonly summary: JsonObject;
  /** What could not be seen, and why the answer is no, as sentences; empty when all is well. */
  readonly notes: readonly string[];
}

/** Outcomes and waivers to items, counts and the answer. Pure. */
export function judge(outcomes: readonly Outcome[], circumstances: Circumstances, bar: Bar): Verdict {
  const findings = outcomes.flatMap((outcome) => itemsOf(outcome, circumstances));
  const notices = circumstances.waivers.flatMap((waiver) => waiverNotices(waiver, outcomes, circumstances));
  const items = [...findings, ...notices].toSorted(compare);
  const counts = countByStatus(items);
  const failing = items.filter(({ status, severity }) => status === 'fail' && atLeast(severity, bar.failOn)).length;
  const blind = items.filter(({ id, status }) => status === 'unknown' && bar.required.includes(id)).length;
  const reasons = [
    ...(failing > 0 ? [`${plural(failing, 'finding')} at or above ${bar.failOn}`] : []),
    ...(blind > 0 ? [`${plural(blind, 'required check')} could not look`] : []),
    ...(bar.strict && counts.unknown + counts.skipped > 0
      ? [`${counts.unknown} unknown and ${counts.skipped} skipped, which count under --strict`]
      : []),
  ];
  const notes = [
    ...(counts.unknown > 0
      ? [`${plural(counts.unknown, 'check')} could not look, which is no pass: what is under "fix" would show it.`]
      : []),
    ...reasons.map((reason) => `The answer is no: ${reason}.`),
  ];
  const gate = { failOn: bar.failOn, failing, requiredUnknown: blind, strict: bar.strict };
  return { ok: reasons.length === 0, items, summary: { checks: outcomes.length, ...counts, gate }, notes };
}

function compare(a: Item, b: Item): number {
  return (
    STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status) ||
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    byCodeUnits(a.id, b.id) ||
    byCodeUnits(a.object, b.object)
  );
}

/** The same order on every machine. */
function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
