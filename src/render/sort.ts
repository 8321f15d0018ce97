import { SEVERITIES, STATUSES } from '../core/report.ts';
import type { Item } from '../core/report.ts';

/** Worst first: fail, unknown, waived, skipped, pass; within these by severity, then id and object by code point. */
export function sortItems(items: readonly Item[]): Item[] {
  return items.toSorted(
    (a, b) =>
      STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status) ||
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      compareCodePoints(a.id, b.id) ||
      compareCodePoints(a.object, b.object),
  );
}

/** The same order on every machine, whatever its locale. UTF-8 bytes order as code points do; UTF-16 units do not. */
export function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
