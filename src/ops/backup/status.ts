import type { KnownBackup } from './verify.ts';

/** The newest backup of one database, or of a whole server. */
export interface Newest {
  /** Its name; where the repository has backups of several environments, with that of its own: `lab of prod`. */
  readonly source: string;
  /** The moment its data is of: ISO 8601, UTC. */
  readonly at: string;
}

/** What stands where a logical backup has its database. */
export const WHOLE_SERVER = 'the server';

/**
 * The newest sealed backup of each database, and of the server, of each environment: one that stopped must not hide behind another that goes on.
 * Those the project says are dropped are left out, by either name. Pure.
 */
export function newestOfEach(known: readonly KnownBackup[], dropped: readonly string[]): Newest[] {
  const sealed = known.flatMap((one) => (one.state === 'sealed' ? [one.manifest] : []));
  const several = new Set(sealed.map(({ environment }) => environment)).size > 1;
  const newest = new Map<string, string>();
  for (const { type, environment, source, snapshotAt } of sealed) {
    const name = type === 'physical' ? WHOLE_SERVER : source.database;
    const full = `${name} of ${environment}`;
    if (dropped.includes(name) || dropped.includes(full)) continue;
    const shown = several ? full : name;
    if (snapshotAt > (newest.get(shown) ?? '')) newest.set(shown, snapshotAt);
  }
  return [...newest].map(([source, at]) => ({ source, at })).toSorted((a, b) => (a.source < b.source ? -1 : 1));
}

export interface Judged {
  readonly ok: boolean;
  readonly message: string;
}

/** Clocks of two machines differ by so much without anybody minding: milliseconds. */
const SKEW_MS = 5 * 60_000;

/** Whether an age will do; null: there is nothing. What is of the future would be young for ever. Pure. */
export function judgeAge(ms: number | null, most: number): Judged {
  if (ms === null) return { ok: false, message: 'there is none' };
  if (ms < -SKEW_MS)
    return { ok: false, message: `of a moment that is ${ageText(-ms)} in the future: a clock is wrong, here or there` };
  if (ms <= most) return { ok: true, message: `${ageText(Math.max(0, ms))} old` };
  return { ok: false, message: `${ageText(ms)} old, and ${ageText(most)} is the most` };
}

/** What people call an age. */
export function ageText(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 2_880 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1_440).toFixed(1)} days`;
}
