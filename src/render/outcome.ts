import { countByStatus, STATUSES } from '../core/report.ts';
import type { Json } from '../core/json.ts';
import type { Report, ReportError, Status } from '../core/report.ts';
import { visible } from '../core/visible.ts';
import { fleetWords } from './targets.ts';

/** How people read a status in a count. */
const COUNTED: Readonly<Record<Status, string>> = {
  fail: 'failed',
  unknown: 'unknown',
  waived: 'waived',
  skipped: 'skipped',
  pass: 'passed',
};

/** What the run as a whole has to say where its items do not say it. */
export type RunOutcome =
  | { readonly kind: 'passed'; readonly message: string }
  | { readonly kind: 'no'; readonly message: string }
  | { readonly kind: 'broken'; readonly message: string; readonly error: ReportError };

/**
 * The run as a test case of its own: broken when it ended in an error, no when that is the answer and no item shows why
 * (a gate must not look green), passed when there are no items at all (empty results are an error to Jenkins); null when
 * the items tell it.
 */
export function runOutcome(report: Report): RunOutcome | null {
  if (report.error !== null) return { kind: 'broken', message: report.error.message, error: report.error };
  const told = report.items.some(({ status }) => status === 'fail' || status === 'unknown');
  if (!report.ok && !told) return { kind: 'no', message: `the answer is no (exit ${report.exitCode}): ${counts(report)}` };
  return report.items.length === 0 ? { kind: 'passed', message: counts(report) } : null;
}

/**
 * `2 failed, 1 unknown, 41 passed`; zeros are left out. What a command counts in its own words (`applied`, `rowsArchived`)
 * follows; a command that counts in its own words only does not call the lines of its list passed.
 */
export function counts(report: Report): string {
  const own = Object.entries(report.summary).flatMap(([key, value]) => (isStatus(key) ? [] : ownCount(words(key), value)));
  const standing = statusCounts(report);
  const listOnly = own.length > 0 && !Object.keys(report.summary).some(isStatus);
  const named = STATUSES.filter((status) => standing[status] > 0 && !(listOnly && status === 'pass'));
  const parts = [...named.map((status) => `${standing[status]} ${COUNTED[status]}`), ...own];
  return parts.length === 0 ? 'nothing to report' : parts.join(', ');
}

/** The items' statuses, or the summary's where it knows of more than are listed. */
function statusCounts(report: Report): Record<Status, number> {
  const standing = countByStatus(report.items);
  for (const status of STATUSES) {
    const told = report.summary[status];
    if (typeof told === 'number' && told > standing[status]) standing[status] = told;
  }
  return standing;
}

/** The run as one status: never pass while something is unknown. */
export function outcomeStatus(report: Report): 'fail' | 'unknown' | 'pass' {
  if (!report.ok) return 'fail';
  return statusCounts(report).unknown > 0 ? 'unknown' : 'pass';
}

/** {@link outcomeStatus} in words, and whether the run came to its end. */
export function outcomeWords(report: Report): string {
  if (report.error !== null) return fleetWords(report).length === 0 ? 'stopped' : 'not whole';
  const words = { fail: 'not ok', unknown: 'not everything could be seen', pass: 'ok' } as const;
  return words[outcomeStatus(report)];
}

/** `12 ms`, `4.2 s`, `2 min 5 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function isStatus(key: string): key is Status {
  return (STATUSES as readonly string[]).includes(key);
}

/** Numbers and short answers; what is nested in a summary, or takes several lines, is for machines. */
function ownCount(name: string, value: Json): string[] {
  if (typeof value === 'number') return [`${value} ${name}`];
  return typeof value === 'string' && value !== '' && !value.includes('\n') ? [`${name} ${visible(value)}`] : [];
}

function words(key: string): string {
  return visible(key.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
}
