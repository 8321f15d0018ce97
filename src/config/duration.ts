/** PostgreSQL's units from milliseconds up, in milliseconds; its `us` is finer than any timeout dbctl sets. */
const UNITS = { d: 86_400_000, h: 3_600_000, min: 60_000, s: 1000, ms: 1 } as const;

/** The server keeps timeouts as 32-bit milliseconds: 24 days and some hours. */
export const LONGEST_DURATION_MS = 2_147_483_647;

export const DURATION_PATTERN = /^(?:0|[0-9]{1,10} ?(?:ms|s|min|h|d))$/;

export const DURATION_EXPECTED = 'expected a duration such as 500ms, 2s, 5min, 1h or 1d';

/**
 * `2s` → 2000: a whole number with one of PostgreSQL's units ms, s, min, h, d; `0` alone needs none. Returns milliseconds.
 * Throws a RangeError that names what is accepted: a number without a unit is refused, because PostgreSQL reads
 * `lock_timeout = 5` as five milliseconds and most people mean seconds.
 */
export function parseDuration(text: string): number {
  if (!DURATION_PATTERN.test(text)) {
    const advice = durationAdvice(text);
    throw new RangeError(`${DURATION_EXPECTED}${advice === undefined ? '' : `: ${advice}`}`);
  }
  const unit = text.replace(/^[0-9]+ ?/, '') as keyof typeof UNITS | '';
  const milliseconds = Number.parseInt(text, 10) * (unit === '' ? 0 : UNITS[unit]);
  if (milliseconds > LONGEST_DURATION_MS) throw new RangeError('longer than 24d, the longest PostgreSQL can keep');
  return milliseconds;
}

/** 2000 → `2s`: in the largest unit that leaves a whole number, as {@link parseDuration} reads it. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  for (const [unit, size] of Object.entries(UNITS)) {
    if (milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${Math.round(milliseconds)}ms`;
}

/** What to write instead of a near miss; undefined where that cannot be told. */
export function durationAdvice(value: unknown): string | undefined {
  const match = /^([0-9]{1,7}) ?([a-z]*)$/i.exec(String(value));
  if (match === null || (typeof value !== 'string' && typeof value !== 'number')) return undefined;
  const [number, word] = [Number(match[1]), (match[2] ?? '').toLowerCase()];
  if (word === '') return `a number alone has no unit, write ${number}s or ${number * 1000}ms`;
  const unit = MISTAKEN_UNITS.get(word);
  return unit === undefined ? undefined : `write ${number}${unit}`;
}

/** A map, not an object: `constructor` is no unit. */
const MISTAKEN_UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ms: ['ms', 'msec', 'millis', 'milliseconds'],
    s: ['s', 'sec', 'secs', 'second', 'seconds'],
    min: ['min', 'm', 'mins', 'minute', 'minutes'],
    h: ['h', 'hr', 'hrs', 'hour', 'hours'],
    d: ['d', 'day', 'days'],
  }).flatMap(([unit, words]) => words.map((word) => [word, unit] as const)),
);
