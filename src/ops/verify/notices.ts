import { fingerprint } from '../../core/fingerprint.ts';
import { item, type Item } from '../../core/report.ts';
import type { Circumstances } from './items.ts';
import { isSilent, type Outcome } from './outcome.ts';
import { plural } from './plural.ts';
import { concerns, daysLeft, NOTICE_DAYS, type Waiver } from './waiver.ts';

/** Under `--strict-waivers` it makes the answer no. */
export const UNUSED_WAIVER = 'waiver-unused';

/**
 * What is to be said about a waiver itself: it matches nothing any more, or it is about to end. Nothing when its check did not look,
 * because then nobody knows.
 */
export function waiverNotices(waiver: Waiver, outcomes: readonly Outcome[], { environment, now }: Circumstances): Item[] {
  const outcome = outcomes.find(({ check }) => check.id === waiver.check);
  const looked = outcome?.kind === 'pass' || outcome?.kind === 'found';
  if (!looked || (waiver.environment ?? environment) !== environment) return [];
  const findings = outcome.kind === 'found' ? outcome.findings : [];
  const concerned = findings.filter(({ object }) => concerns(waiver, { id: waiver.check, object }, environment));
  if (concerned.length === 0) return findings.some(isSilent) ? [] : [unused(waiver)];
  const days = daysLeft(waiver.expires, now);
  return days < 0 || days > NOTICE_DAYS ? [] : [expiring(waiver, days)];
}

function unused(waiver: Waiver): Item {
  return item({
    ...aboutWaiver(UNUSED_WAIVER, waiver),
    severity: 'low',
    message: `the waiver of ${waiver.owner} for ${waiver.check} matches nothing: it would hide the next finding before anybody sees it`,
    fix: `remove the entry at ${waiver.file}:${waiver.line}`,
    title: 'Every waiver covers a finding',
  });
}

function expiring(waiver: Waiver, days: number): Item {
  const when = days === 0 ? 'today' : `in ${plural(days, 'day')}`;
  return item({
    ...aboutWaiver('waiver-expiring', waiver),
    severity: 'info',
    message: `the waiver of ${waiver.owner} for ${waiver.check} ends ${when}: from the day after the finding counts`,
    fix: `mend the finding, or renew the entry at ${waiver.file}:${waiver.line}`,
    title: 'No waiver is about to end',
  });
}

function aboutWaiver(id: string, { check, object, file, line }: Waiver) {
  const about = `${check}:${object}`;
  return {
    id,
    object: about,
    status: 'fail',
    detail: { file, line },
    group: 'waivers',
    fingerprint: fingerprint(id, about),
  } as const;
}
