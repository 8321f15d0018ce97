import type { Period } from '../../config/partitions.ts';

/** A stretch of time from its first moment up to but without the last, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;

/** The period a moment is in, in the calendar of UTC. Pure. */
export function periodOf(every: Period, moment: number): Span {
  const from = startOf(every, moment);
  return { from, to: following(every, from) };
}

/** The period of the moment and so many after it, in order. Pure. */
export function periodsFrom(every: Period, moment: number, ahead: number): Span[] {
  const spans = [periodOf(every, moment)];
  while (spans.length <= ahead) spans.push(periodOf(every, (spans.at(-1) as Span).to));
  return spans;
}

function startOf(every: Period, moment: number): number {
  const at = new Date(moment);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  switch (every) {
    case 'year':
      return Date.UTC(year, 0, 1);
    case 'month':
      return Date.UTC(year, month, 1);
    case 'week':
      // Monday is 1; Sunday is 0, and the last day of its week.
      return Date.UTC(year, month, day) - ((at.getUTCDay() + 6) % 7) * DAY_MS;
    case 'day':
      return Date.UTC(year, month, day);
  }
}

function following(every: Period, from: number): number {
  const at = new Date(from);
  switch (every) {
    case 'year':
      return Date.UTC(at.getUTCFullYear() + 1, 0, 1);
    case 'month':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
    case 'week':
      return from + 7 * DAY_MS;
    case 'day':
      return from + DAY_MS;
  }
}

/** `_y2026m11`: what a partition's name ends with. Pure. */
export function suffixOf(every: Period, from: number): string {
  const iso = new Date(from).toISOString();
  const [year, month, day] = [iso.slice(0, 4), iso.slice(5, 7), iso.slice(8, 10)];
  if (every === 'year') return `_y${year}`;
  if (every === 'month') return `_y${year}m${month}`;
  // A week is called after its Monday: numbers of weeks belong to years of their own.
  return `_y${year}m${month}d${day}`;
}

/** As the server reads it, whatever its settings are: `2026-11-01` for a date, `2026-11-01 00:00:00+00` for a timestamptz. */
export function boundText(type: 'timestamptz' | 'timestamp' | 'date', moment: number): string {
  const iso = new Date(moment).toISOString();
  if (type === 'date') return iso.slice(0, 10);
  const text = `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
  return type === 'timestamptz' ? `${text}+00` : text;
}
