import { SEVERITIES } from '../../core/report.ts';
import type { Item, Severity } from '../../core/report.ts';
import { compareCodePoints } from '../sort.ts';
import { message } from './message.ts';

export type Level = 'error' | 'warning' | 'note';

export const LEVELS: Readonly<Record<Severity, Level>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};
export const RANKS: Readonly<Record<Severity, number>> = { critical: 95, high: 80, medium: 55, low: 25, info: 5 };

/** Inside GitHub's bands: critical above 9.0, high from 7.0, medium from 4.0, low above 0; info is no security matter. */
const SECURITY: Readonly<Record<Severity, string | null>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.5',
  info: null,
};

/** Rules by code point of their ids, and where each id stands among them. */
export interface Rules {
  readonly descriptors: readonly object[];
  readonly indexes: ReadonlyMap<string, number>;
}

/** One rule for each id that was asked about, as severe as its worst item, so that it is the same whatever passes today. */
export function rulesOf(items: readonly Item[]): Rules {
  const worst = new Map<string, Item>();
  for (const item of items) {
    const known = worst.get(item.id);
    if (known === undefined || SEVERITIES.indexOf(item.severity) < SEVERITIES.indexOf(known.severity)) worst.set(item.id, item);
  }
  const sorted = [...worst.values()].toSorted((a, b) => compareCodePoints(a.id, b.id));
  return { descriptors: sorted.map(descriptor), indexes: new Map(sorted.map(({ id }, index) => [id, index])) };
}

/** An item may bring a `title` of its own, as checks do; else the id is all a report knows of its rule. */
function descriptor({ id, severity, title }: Item): object {
  const description = message(typeof title === 'string' && title !== '' ? title : id);
  const security = SECURITY[severity];
  return {
    id,
    shortDescription: description,
    fullDescription: description,
    help: description,
    defaultConfiguration: { level: LEVELS[severity], rank: RANKS[severity] },
    properties: {
      tags: security === null ? ['postgresql'] : ['postgresql', 'security'],
      ...(security !== null && { 'security-severity': security }),
    },
  };
}
