import type { Observation, ObservedStatement } from './observe.ts';

/** A statement over all windows and servers. */
export interface SeenStatement {
  readonly text: string | null;
  readonly toplevel: boolean;
  readonly user: string;
  readonly calls: number;
  /** When a record last found it called more often than the one before. */
  readonly lastSeen: string;
}

/** A month and a few days, so that what runs once a month was seen. */
export const LEAST_DAYS = 35;

const DAY_MS = 86_400_000;

/** Puts windows together: of one counter the highest number counts, counters of other servers and since a reset are added. Pure. */
export function mergeWindows(observations: readonly Observation[]): SeenStatement[] {
  const counters = new Map<string, { last: ObservedStatement; calls: number; lastSeen: string }>();
  for (const { server, database, at, statements } of observations.toSorted((a, b) => compare(a.at, b.at))) {
    for (const one of statements) {
      const key = [server, database, one.user, one.queryid, one.toplevel, one.since].join('\0');
      const before = counters.get(key);
      const grew = before === undefined || one.calls > before.calls;
      counters.set(key, {
        last: one.text === null && before !== undefined ? before.last : one,
        calls: Math.max(before?.calls ?? 0, one.calls),
        lastSeen: grew ? at : before.lastSeen,
      });
    }
  }
  const merged = new Map<string, SeenStatement>();
  for (const { last, calls, lastSeen } of counters.values()) {
    const key = [last.user, last.toplevel, last.text ?? `left out ${last.queryid}`].join('\0');
    const before = merged.get(key);
    merged.set(key, {
      text: last.text,
      toplevel: last.toplevel,
      user: last.user,
      calls: calls + (before?.calls ?? 0),
      lastSeen: before !== undefined && before.lastSeen > lastSeen ? before.lastSeen : lastSeen,
    });
  }
  return [...merged.values()];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What makes an observation less than it seems. */
export interface Doubt {
  readonly id: 'window-short' | 'statements-evicted' | 'track-top';
  readonly message: string;
}

/** How many days were observed, gaps not counted, and what was missed. Pure. */
export function judgeWindows(observations: readonly Observation[]): { days: number; since: string | null; doubts: Doubt[] } {
  const spans = observations.map(({ since, at }) => [Date.parse(since), Date.parse(at)] as const).toSorted((a, b) => a[0] - b[0]);
  let covered = 0;
  let end = -Infinity;
  for (const [from, to] of spans) {
    covered += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  const days = Math.floor(covered / DAY_MS);
  const evicted = observations.some((one) => one.evicted > 0);
  const top = observations.some(({ track }) => track !== 'all');
  return {
    days,
    since: spans[0] === undefined ? null : new Date(spans[0][0]).toISOString(),
    doubts: [
      ...(days < LEAST_DAYS
        ? [
            {
              id: 'window-short' as const,
              message: `${days} days were observed, and what runs once a month needs ${LEAST_DAYS}: record again, and merge`,
            },
          ]
        : []),
      ...(evicted
        ? [
            {
              id: 'statements-evicted' as const,
              message: 'pg_stat_statements threw statements out for want of room: raise pg_stat_statements.max',
            },
          ]
        : []),
      ...(top
        ? [{ id: 'track-top' as const, message: 'pg_stat_statements.track is not all: what functions and DO ran is not there' }]
        : []),
    ],
  };
}
