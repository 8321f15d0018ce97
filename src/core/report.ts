import type { DbctlError, ErrorCode, SourcePosition } from './errors.ts';
import type { Json, JsonObject } from './json.ts';

export const REPORT_SCHEMA = 'dbctl.report/1';

/** From worst to least; `--fail-on` names one of them. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * pass: looked, and it is as wanted · fail: looked, and it is not · unknown: could not look (never counts as pass) ·
 * skipped: does not apply here · waived: fails, and somebody answers for it until a date, or it was known to the baseline of the run.
 */
export const STATUSES = ['fail', 'unknown', 'waived', 'skipped', 'pass'] as const;
export type Status = (typeof STATUSES)[number];

/**
 * One line of the answer. Every command's items carry these fields, so that all formats can show all commands; a command
 * adds fields of its own (`state`, `appliedAt` …) next to them. No times inside unless they are the answer.
 */
export interface Item {
  /** What was asked: a check id, a migration's version, a configuration key. */
  readonly id: string;
  /** What it was asked of: schema-qualified name, file, address. */
  readonly object: string;
  readonly status: Status;
  readonly severity: Severity;
  readonly message: string;
  /** The next act, ready to paste; null where there is none. */
  readonly fix: string | null;
  readonly detail: Json;
  readonly [more: string]: Json;
}

/** Which server the answer is about. */
export interface Target {
  readonly env: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly serverVersion: string | null;
  readonly systemIdentifier: string | null;
}

export interface ReportError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly sqlstate?: string;
  readonly detail?: string;
  readonly position?: SourcePosition;
}

/** One metric of the text exposition format that Prometheus reads, with a sample for each set of labels. */
export interface Metric {
  /** `dbctl_…`, with its unit at the end, and `_total` for counters. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** How people see the items; machines never do, but for the metrics. */
export interface View {
  /** One line above everything else. */
  readonly title?: string;
  /** Columns of the table, by item field; without it items show as findings. */
  readonly columns?: readonly { readonly field: string; readonly title: string; readonly align?: 'right' }[];
  /** Lines under the table: what it means, what to do next. */
  readonly notes?: readonly string[];
  /** Printed instead of a table, where the answer is one text (a URL, a file). */
  readonly text?: string;
  /** The text is a secret the person asked for by name (`dev url --with-password`): stdout gets it, files never do. */
  readonly revealsSecret?: boolean;
  /** Items of these statuses are counted, not listed. */
  readonly hidden?: readonly Status[];
  /** Findings of less than this severity are counted, not listed. */
  readonly least?: Severity;
  /** A table above the items that sums them up, where they are too many to be read. */
  readonly overview?: { readonly columns: NonNullable<View['columns']>; readonly rows: readonly Item[] };
  /** What the format prometheus shows besides the outcome of the run. */
  readonly metrics?: readonly Metric[];
}

/** A place in a file of the user's repository; line and column count from 1. */
export interface FileLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** What a command's `run` gives back; the cli adds time, command name and exit status. */
export interface Answer {
  /** false: done, and the answer is no (exit 1). */
  readonly ok: boolean;
  readonly items: readonly Item[];
  readonly summary: JsonObject;
  readonly target?: Target | null;
  readonly view?: View;
  /** Why the answer is not whole: the report has it besides, and the run its exit status. */
  readonly incomplete?: DbctlError;
  /**
   * Where in the repository an item's object was made, or what demands it of it; null where the item says it itself. Asked for by the
   * formats that show files alone, because it reads and parses them.
   */
  readonly locate?: () => Promise<(item: Item) => FileLocation | null>;
}

/** Contract C3: the one document a command leaves, also when it fails. */
export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly command: string;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly target: Target | null;
  readonly summary: JsonObject;
  readonly items: readonly Item[];
  readonly error: ReportError | null;
}

/** An item whose uninteresting fields have their usual values. */
export function item(fields: Pick<Item, 'id' | 'object' | 'message'> & Partial<Item>): Item {
  return { status: 'pass', severity: 'info', fix: null, detail: null, ...fields };
}

/** How many items stand at each status; the summary most commands share. */
export function countByStatus(items: readonly Item[]): Record<Status, number> {
  const counts: Record<Status, number> = { fail: 0, unknown: 0, waived: 0, skipped: 0, pass: 0 };
  for (const { status } of items) counts[status] += 1;
  return counts;
}

/** True when `severity` is as bad as `threshold`, or worse. */
export function atLeast(severity: Severity, threshold: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(threshold);
}
