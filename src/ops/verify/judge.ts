import type { JsonObject } from '../../core/json.ts';
import { atLeast, countByStatus, SEVERITIES, STATUSES, type Item, type Severity, type Status } from '../../core/report.ts';
import { itemsOf, type Circumstances, type WaiverOfItem } from './items.ts';
import { UNUSED_WAIVER, waiverNotices } from './notices.ts';
import type { Outcome } from './outcome.ts';
import { againstBaseline, type AgainstBaseline } from './baseline.ts';
import { plural } from './plural.ts';

/** How high a run has to jump. */
export interface Bar {
  /** Findings of this severity and worse make the answer no. */
  readonly failOn: Severity;
  /** Checks that must be able to look: unknown makes the answer no. */
  readonly required: readonly string[];
  /** Every unknown and every skipped check makes the answer no. */
  readonly strict: boolean;
  /** A waiver that covers nothing makes the answer no. */
  readonly strictWaivers?: boolean;
}

export interface Verdict {
  readonly ok: boolean;
  /** Worst first. */
  readonly items: readonly Item[];
  readonly summary: JsonObject;
  /** What could not be seen, and why the answer is no, as sentences; empty when all is well. */
  readonly notes: readonly string[];
}

/** Outcomes, waivers and the baseline to items, counts and the answer. Pure. */
export function judge(outcomes: readonly Outcome[], circumstances: Circumstances, bar: Bar): Verdict {
  const findings = outcomes.flatMap((outcome) => itemsOf(outcome, circumstances));
  const notices = circumstances.waivers.flatMap((waiver) => waiverNotices(waiver, outcomes, circumstances));
  const all = [...findings, ...notices, ...(circumstances.besides ?? [])];
  const compared = compareWith(circumstances, all);
  const items = (compared?.items ?? all).toSorted(compare);
  const counts = countByStatus(items);
  const failed = countsAgainst(items, bar);
  const reasons = reasonsFor(failed, counts, bar);
  const notes = [
    ...(compared?.notes ?? []),
    ...(counts.unknown > 0
      ? [`${plural(counts.unknown, 'check')} could not look, which is no pass: what is under "fix" would show it.`]
      : []),
    ...reasons.map((reason) => `The answer is no: ${reason}.`),
  ];
  const gate = { failOn: bar.failOn, ...failed, strict: bar.strict, strictWaivers: bar.strictWaivers === true };
  const baseline = compared === null ? {} : { baseline: compared.summary };
  return { ok: reasons.length === 0, items, summary: { checks: outcomes.length, ...counts, gate, ...baseline }, notes };
}

function compareWith({ baseline = null }: Circumstances, items: readonly Item[]): AgainstBaseline | null {
  return baseline === null ? null : againstBaseline(items, baseline);
}

type Failed = Readonly<Record<'failing' | 'requiredUnknown' | 'expiredWaivers' | 'unusedWaivers', number>>;

/** What can make the answer no. Somebody promised a day for what has an expired waiver: it counts however small it is. */
function countsAgainst(items: readonly Item[], { failOn, required }: Bar): Failed {
  const count = (counts: (item: Item) => boolean) => items.filter(counts).length;
  return {
    failing: count(({ status, severity }) => status === 'fail' && atLeast(severity, failOn)),
    requiredUnknown: count(({ id, status }) => status === 'unknown' && required.includes(id)),
    expiredWaivers: count(({ status, waiver }) => status === 'fail' && (waiver as WaiverOfItem | undefined)?.state === 'expired'),
    unusedWaivers: count(({ id }) => id === UNUSED_WAIVER),
  };
}

function reasonsFor(failed: Failed, { unknown, skipped }: Record<Status, number>, bar: Bar): string[] {
  const { failing, requiredUnknown, expiredWaivers, unusedWaivers } = failed;
  return [
    ...(failing > 0 ? [`${plural(failing, 'finding')} at or above ${bar.failOn}`] : []),
    ...(expiredWaivers > 0 ? [`${plural(expiredWaivers, 'finding')} whose waiver has expired`] : []),
    ...(requiredUnknown > 0 ? [`${plural(requiredUnknown, 'required check')} could not look`] : []),
    ...(bar.strict && unknown + skipped > 0 ? [`${unknown} unknown and ${skipped} skipped, which count under --strict`] : []),
    ...(bar.strictWaivers === true && unusedWaivers > 0
      ? [`${plural(unusedWaivers, 'waiver')} that covers nothing, which counts under --strict-waivers`]
      : []),
  ];
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
