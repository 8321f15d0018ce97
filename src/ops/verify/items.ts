import { fingerprint } from '../../core/fingerprint.ts';
import { SEVERITIES, type Item, type Severity } from '../../core/report.ts';
import type { Check } from './check.ts';
import { isSilent, type Finding, type Outcome } from './outcome.ts';
import type { SavedReport } from './saved-report.ts';
import type { Vendor } from './vendor.ts';
import { fixFor, sightFor } from './vendor-fix.ts';
import { concerns, daysLeft, type Waiver } from './waiver.ts';

/** What turns an outcome into what is reported. */
export interface Circumstances {
  readonly environment: string;
  readonly database: string;
  readonly waivers: readonly Waiver[];
  readonly now: Date;
  /** Findings it has do not count again. */
  readonly baseline?: SavedReport | null;
  /** Whose server it is; default: one's own. */
  readonly vendor?: Vendor;
  /** What is reported besides the outcomes of checks. */
  readonly besides?: readonly Item[];
}

/** What a finding says of the waiver that is about it. */
export interface WaiverOfItem {
  /** Only one that covers it takes it out of the answer. */
  readonly state: 'covers' | 'expired' | 'not-approved';
  readonly reason: string;
  readonly owner: string;
  readonly expires: string;
  readonly approvedBy: string | null;
}

/** One item for a check that passes, is skipped or cannot look; one per row for one that finds something. */
export function itemsOf(outcome: Outcome, circumstances: Circumstances): Item[] {
  const { check } = outcome;
  switch (outcome.kind) {
    case 'pass':
      return [{ ...itemOf(check, circumstances), status: 'pass', message: check.title }];
    case 'skipped':
      return [{ ...itemOf(check, circumstances), status: 'skipped', message: outcome.reason }];
    case 'unknown': {
      const { reason, sqlstate } = outcome;
      const fix = sightFor(circumstances.vendor ?? 'self-hosted', check, outcome.fix);
      const detail = sqlstate === undefined ? null : { sqlstate };
      return [
        { ...itemOf(check, circumstances), status: 'unknown', message: `could not look: ${reason}`, fix, detail, why: check.why },
      ];
    }
    case 'found':
      return outcome.findings.map((finding) => withWaiver(findingItem(check, finding, circumstances), circumstances));
  }
}

/** What every item of the check has. */
function itemOf(check: Check, { database }: Circumstances): Item {
  const { id, severity, title, group } = check;
  const object = check.scope === 'cluster' ? 'cluster' : database;
  const item = { id, object, status: 'pass', severity, message: title, fix: null, detail: null, title, group } as const;
  return { ...item, fingerprint: fingerprint(id, '') };
}

/** The database that was asked has another name after a restore beside the old one, and is the same object. */
function findingPrint({ id, scope }: Check, object: string, { database }: Circumstances): string {
  return fingerprint(id, scope === 'database' && object === database ? '' : object);
}

/**
 * A row may bring a `severity` of its own in its data: the hole that is open here may be worse or better than the check's worst. And
 * a `status`: the object it could not look at, or of which there is nothing to say yet.
 */
function findingItem(check: Check, finding: Finding, circumstances: Circumstances): Item {
  const { severity: own, status: asked, ...data } = finding.data;
  const status = isSilent(finding) ? (asked as 'unknown' | 'skipped') : 'fail';
  return {
    ...itemOf(check, circumstances),
    object: finding.object,
    status,
    fingerprint: findingPrint(check, finding.object, circumstances),
    severity: SEVERITIES.find((word) => word === own) ?? check.severity,
    message: status === 'unknown' ? `could not look: ${finding.detail}` : finding.detail,
    fix: fixFor(circumstances.vendor ?? 'self-hosted', check, finding.data),
    detail: data,
    why: check.why,
    refs: check.refs,
  };
}

/** Of several waivers the one that runs longest answers. What was not looked at cannot be accepted. */
function withWaiver(item: Item, { waivers, environment, now }: Circumstances): Item {
  if (item.status !== 'fail') return item;
  const [waiver] = waivers.filter((one) => concerns(one, item, environment)).toSorted((a, b) => (a.expires > b.expires ? -1 : 1));
  if (waiver === undefined) return item;
  const { reason, owner, expires, approvedBy } = waiver;
  const state = stateOf(waiver, item.severity, now);
  const answered = { ...item, waiver: { state, reason, owner, expires, approvedBy } satisfies WaiverOfItem };
  if (state !== 'covers') return { ...answered, message: `${item.message} (${flawOf(waiver, state)})` };
  return { ...answered, status: 'waived', message: `${item.message} (accepted by ${owner} until ${expires}: ${reason})` };
}

function stateOf({ expires, approvedBy }: Waiver, severity: Severity, now: Date): WaiverOfItem['state'] {
  if (daysLeft(expires, now) < 0) return 'expired';
  return severity === 'critical' && approvedBy === null ? 'not-approved' : 'covers';
}

/** Why a waiver that is about the finding does not cover it. */
function flawOf({ owner, expires }: Waiver, state: 'expired' | 'not-approved'): string {
  if (state === 'expired') return `the waiver of ${owner} expired on ${expires}`;
  return `the waiver of ${owner} does not count: a critical finding needs approved_by`;
}
