import { atLeast, SEVERITIES, type Item, type Severity, type Status } from '../../core/report.ts';
import { cut, type Section, type Unseen } from './section.ts';

/** A finding of `dbctl roles audit`, with who reaches it by which way in its message. */
export interface ReviewedFinding {
  readonly id: string;
  readonly severity: Severity;
  readonly status: 'fail' | 'waived';
  readonly object: string;
  readonly message: string;
  readonly fix: string | null;
}

export interface ReviewedFindings extends Section<ReviewedFinding> {
  /** At or above the bar, and accepted by no exception. */
  readonly counting: number;
  readonly failOn: Severity;
  /** How many there are of each, all of them counted. */
  readonly counts: readonly {
    readonly id: string;
    readonly severity: Severity;
    readonly status: Status;
    readonly count: number;
  }[];
}

/** The findings of an audit, the worst first; what could not be seen is for {@link unseenOf}. Pure. */
export function reviewedFindings(items: readonly Item[], failOn: Severity): ReviewedFindings {
  const found = items.filter(
    (one): one is Item & { status: 'fail' | 'waived' } => one.status === 'fail' || one.status === 'waived',
  );
  const sorted = found.toSorted(
    (a, b) =>
      Number(a.status === 'waived') - Number(b.status === 'waived') ||
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  );
  return {
    ...cut(sorted.map(({ id, severity, status, object, message, fix }) => ({ id, severity, status, object, message, fix }))),
    counting: found.filter(({ status, severity }) => status === 'fail' && atLeast(severity, failOn)).length,
    failOn,
    counts: countsOf(sorted),
  };
}

function countsOf(items: readonly Item[]): ReviewedFindings['counts'] {
  const counts = new Map<string, ReviewedFindings['counts'][number]>();
  for (const { id, severity, status } of items) {
    const key = `${id} ${severity} ${status}`;
    counts.set(key, { id, severity, status, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

/** Id of an item that says what was looked for besides, and could not be seen. */
export const NOT_SEEN = 'not-seen';

/** What could not be looked at, by the audit and besides. */
export const unseenOf = (items: readonly Item[]): Unseen[] =>
  items.flatMap(({ id, object, status, message, fix }) =>
    status === 'unknown' ? [{ what: id === NOT_SEEN ? object : `${id} of ${object}`, why: message, fix }] : [],
  );
