import type { Config } from '../../config/config.ts';

export type KeepRule = Config['backup']['keep'];

/** A backup as the rule sees it. */
export interface Dated {
  readonly id: string;
  readonly environment: string;
  readonly database: string;
  /** ISO 8601, UTC. */
  readonly snapshotAt: string;
}

/** Names the period a moment is in; backups of one period compete, and the newest stays. */
const PERIODS = {
  daily: (at: Date) => at.toISOString().slice(0, 10),
  weekly: isoWeek,
  monthly: (at: Date) => at.toISOString().slice(0, 7),
  yearly: (at: Date) => at.toISOString().slice(0, 4),
} as const;

/**
 * Grandfather, father, son: which backups stay, each with the reasons why; all others may go. Periods are counted where there is a backup, so
 * that a week without one does not shorten what is kept. Of each database of each environment for itself: production and staging have databases of
 * one name, and as a rule one repository. Pure.
 */
export function keptBackups(backups: readonly Dated[], rule: KeepRule): ReadonlyMap<string, readonly string[]> {
  const kept = new Map<string, string[]>();
  const keep = (id: string, why: string) => kept.set(id, [...(kept.get(id) ?? []), why]);
  for (const source of new Set(backups.map(sourceOf))) {
    const newestFirst = backups
      .filter((one) => sourceOf(one) === source)
      .toSorted((a, b) => (a.snapshotAt < b.snapshotAt ? 1 : -1));
    for (const { id } of newestFirst.slice(0, rule.last)) keep(id, 'last');
    for (const [name, period] of Object.entries(PERIODS)) {
      const seen = new Set<string>();
      for (const { id, snapshotAt } of newestFirst) {
        const key = period(new Date(snapshotAt));
        if (seen.has(key)) continue;
        if (seen.size === rule[name as keyof typeof PERIODS]) break;
        seen.add(key);
        keep(id, name);
      }
    }
  }
  return kept;
}

const sourceOf = ({ environment, database }: Dated): string => JSON.stringify([environment, database]);

/** `2026-W47`: the week of the year its Thursday is in. */
function isoWeek(at: Date): string {
  const thursday = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = Math.ceil(((thursday.getTime() - first) / 86_400_000 + 1) / 7);
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, '0')}`;
}
