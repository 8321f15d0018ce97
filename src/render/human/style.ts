import type { Status } from '../../core/report.ts';

/** What paints text; without colour each function returns it unchanged. */
export interface Paint {
  readonly status: (status: Status, text: string) => string;
  /** Object names, heads of tables. */
  readonly strong: (text: string) => string;
  /** What one may skip: targets, gutters. */
  readonly faint: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** Marks that carry the meaning without colour. */
interface Symbols {
  readonly status: Readonly<Record<Status, string>>;
  readonly rule: string;
  readonly ellipsis: string;
}

/** Everything the parts of the human format need besides the report. */
export interface Style {
  readonly paint: Paint;
  readonly symbols: Symbols;
  /** Columns; at least 40, Infinity where there is no terminal. */
  readonly width: number;
  /** Lines longer than the width are broken by it, wherever that is. */
  readonly terminal: boolean;
}

/** Both sets are one column wide in terminals that draw ambiguous characters narrow. */
export const UNICODE: Symbols = {
  status: { fail: '✖', unknown: '?', waived: '~', skipped: '-', pass: '✔' },
  rule: '─',
  ellipsis: '…',
};
export const ASCII: Symbols = {
  status: { fail: 'x', unknown: '?', waived: '~', skipped: '-', pass: '+' },
  rule: '-',
  ellipsis: '...',
};

/** Capitals for what needs somebody: it stands out on paper and to `grep` too. */
export const WORDS: Readonly<Record<Status, string>> = {
  fail: 'FAIL',
  unknown: 'UNKNOWN',
  waived: 'waived',
  skipped: 'skipped',
  pass: 'pass',
};
