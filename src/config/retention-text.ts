// Apart from the schema: the specs of commands need them, and load no zod.

/** What a rule does with rows that are old enough. */
export const RULE_KINDS = ['delete', 'archive', 'move-blobs'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** `13 months`: a whole number and one unit of the calendar or the clock; the server reads it as an interval. */
export const AGE_PATTERN = /^[1-9]\d{0,4} (?:minute|hour|day|week|month|year)s?$/;
export const AGE_EXPECTED = 'an age such as 24 hours, 30 days or 13 months';

/** `30d`, `30 d`, `30days`, `30 Days`: what is meant is plain, and which of them are months is not left to guessing. */
export function ageAdvice(value: unknown): string | undefined {
  const match = /^([1-9]\d{0,4})\s*([a-z]+)$/i.exec(String(value).trim());
  const unit = match === null ? undefined : AGE_UNITS.get((match[2] ?? '').toLowerCase());
  if (unit === undefined) return undefined;
  return `write "${match?.[1]} ${unit}${match?.[1] === '1' ? '' : 's'}"`;
}

/** Without `m`, which is a minute to some and a month to others. */
const AGE_UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    minute: ['min', 'mins', 'minute', 'minutes'],
    hour: ['h', 'hr', 'hrs', 'hour', 'hours'],
    day: ['d', 'day', 'days'],
    week: ['w', 'week', 'weeks'],
    month: ['mon', 'mons', 'month', 'months'],
    year: ['y', 'yr', 'year', 'years'],
  }).flatMap(([unit, words]) => words.map((word) => [word, unit] as const)),
);

/** What a rule is called where nobody named it: `jobs.task_runs` is `jobs-task-runs`. */
export const ruleName = ({ name, table }: { readonly name?: string | undefined; readonly table: string }): string =>
  name ?? table.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
