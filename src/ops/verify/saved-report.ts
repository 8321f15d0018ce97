import { readFile } from 'node:fs/promises';
import { fail } from '../../core/errors.ts';
import { fileReason } from '../../core/file-reason.ts';
import { REPORT_SCHEMA, SEVERITIES, STATUSES, type Report, type Severity, type Status, type Target } from '../../core/report.ts';

/** One item of a report that was read back. */
export interface SavedItem {
  readonly id: string;
  readonly object: string;
  readonly status: Status;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string | null;
  readonly fingerprint: string;
  /** `waivers` for what is said of a waiver itself. */
  readonly group: string;
}

/** A report of `dbctl verify` in the format json, read back and found whole. */
export interface SavedReport {
  /** The file as the person named it. */
  readonly file: string;
  readonly startedAt: string;
  readonly target: Target | null;
  readonly project: string | null;
  readonly items: readonly SavedItem[];
}

const HINT = 'Make one with dbctl verify --out json=FILE.';

/** Fails with config.invalid, saying what the file is instead of a whole report of a run of `dbctl verify` that came to its end. */
export async function loadReport(path: string, shownAs: string): Promise<SavedReport> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) =>
    fail('config.invalid', `cannot read ${shownAs}: ${fileReason(cause)}`, { cause, hint: HINT }),
  );
  return parseReport(shownAs, text);
}

/** The same for a text already read. */
export function parseReport(file: string, text: string): SavedReport {
  const report = parseObject(file, text) as Partial<Report>;
  const wrong = (what: string): never => fail('config.invalid', `${file} ${what}`, { hint: HINT });
  if (report.schema !== REPORT_SCHEMA) wrong(`is no report of dbctl: its schema is not ${REPORT_SCHEMA}`);
  if (report.command !== 'verify') wrong(`is a report of dbctl ${String(report.command)}, not of dbctl verify`);
  if (report.error !== null)
    wrong(`is the report of a run that failed (${report.error?.code ?? 'no error code'}): nothing was checked`);
  if (!Array.isArray(report.items)) wrong('has no items');
  const items = (report.items ?? []).map((item: unknown, index) =>
    readItem(item, (what) => wrong(`has no whole item ${index + 1}: ${what}`)),
  );
  const about = (report.summary as { about?: { project?: unknown } } | undefined)?.about?.project;
  return {
    file,
    startedAt: String(report.startedAt),
    target: report.target ?? null,
    project: typeof about === 'string' ? about : null,
    items,
  };
}

function parseObject(file: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    fail('config.invalid', `${file} is no whole JSON document`, { cause, hint: HINT });
  }
  if (typeof value === 'object' && value !== null) return value;
  return fail('config.invalid', `${file} is no report of dbctl: its schema is not ${REPORT_SCHEMA}`, { hint: HINT });
}

function readItem(value: unknown, wrong: (what: string) => never): SavedItem {
  const { id, object, status, severity, message, fix, fingerprint, group, baseline } = (value ?? {}) as Record<string, unknown>;
  if (typeof id !== 'string' || typeof object !== 'string' || typeof message !== 'string')
    return wrong('id, object or message is missing');
  const [known, bad] = [STATUSES.find((word) => word === status), SEVERITIES.find((word) => word === severity)];
  if (known === undefined || bad === undefined) return wrong(`${id} has no status or severity that dbctl knows`);
  if (typeof fingerprint !== 'string' || !/^[0-9a-f]{64}$/.test(fingerprint))
    return wrong(`${id} has no fingerprint, as in a list of checks or a report of an older dbctl`);
  return {
    id,
    object,
    // What an earlier baseline let pass is still there.
    status: baseline === 'known' ? 'fail' : known,
    severity: bad,
    message,
    fix: typeof fix === 'string' ? fix : null,
    fingerprint,
    group: typeof group === 'string' ? group : '',
  };
}

/** What a report knows of a check: it looked, it could not, it was not to, or there is no such check in it. */
export type Looked = 'looked' | 'unknown' | 'skipped' | 'absent';

export function lookedAt(items: readonly { readonly status: Status }[]): Looked {
  if (items.some(({ status }) => status === 'pass' || status === 'fail' || status === 'waived')) return 'looked';
  if (items.some(({ status }) => status === 'unknown')) return 'unknown';
  return items.length > 0 ? 'skipped' : 'absent';
}

/** Items by check id. */
export function byCheck<T extends { readonly id: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.id, [...(groups.get(item.id) ?? []), item]);
  return groups;
}

/** `fail` and `waived`: something was found. */
export function isFinding({ status }: { readonly status: Status }): boolean {
  return status === 'fail' || status === 'waived';
}

/** The day of a report, as people name it. */
export function dayOf({ startedAt }: SavedReport): string {
  return startedAt.slice(0, 10);
}

/** True when `severity` is worse than `other`. */
export function isWorse(severity: Severity, other: Severity): boolean {
  return SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(other);
}
