import type { Manifest } from '../backup/manifest.ts';
import { secondsText } from './targets.ts';

/** How long the last drills of backups of this kind took, this one too. */
export interface DrillHistory {
  readonly drills: number;
  readonly medianSeconds: number;
  readonly worstSeconds: number;
}

/** What is compared with each other: a dump of one database takes another time than the files of its server. */
export interface DrillKind {
  readonly type: Manifest['type'] | 'pgbackrest' | 'barman';
  readonly database: string;
}

/** The part of a report that is looked at. */
export interface Timed {
  readonly backup: DrillKind & { readonly sizeBytes: number };
  readonly rtoSeconds: number | null;
}

/** More than that would hide that it has become slower. */
const NEWEST = 10;

/** Median and worst of the newest drills of the same kind that came to a database. Pure; null where there is none. */
export function drillHistory(reports: readonly Timed[], { type, database }: DrillKind): DrillHistory | null {
  const seconds = reports
    .filter(({ backup }) => backup.type === type && backup.database === database)
    .flatMap(({ rtoSeconds }) => (rtoSeconds === null ? [] : [rtoSeconds]))
    .slice(-NEWEST)
    .toSorted((a, b) => a - b);
  const middle = seconds.length / 2;
  const [low, high] = [seconds[Math.ceil(middle) - 1], seconds[Math.floor(middle)]];
  const worst = seconds.at(-1);
  if (low === undefined || high === undefined || worst === undefined) return null;
  return { drills: seconds.length, medianSeconds: (low + high) / 2, worstSeconds: worst };
}

/** Below this, starting a server takes longer than the data, and a line through the two means nothing. */
const LEAST_BYTES = 1_000_000_000;
const LEAST_SECONDS = 60;

/**
 * What more data would cost, in words; null where saying it would not be honest: too little data, too short a time, or fewer than three
 * drills. Pure.
 */
export function extrapolation(history: DrillHistory | null, sizeBytes: number): string | null {
  if (history === null || history.drills < 3 || sizeBytes < LEAST_BYTES || history.medianSeconds < LEAST_SECONDS) return null;
  const twice = secondsText(history.medianSeconds * 2);
  const size = `${((sizeBytes * 2) / 1_000_000_000).toFixed(1)} GB`;
  return `With twice the data (${size}) expect about ${twice} on this machine, if it grows in proportion; another machine has to be drilled.`;
}

/** Median and worst, as a sentence. */
export function historyText({ drills, medianSeconds, worstSeconds }: DrillHistory): string {
  if (drills === 1) return 'The first drill of its kind here.';
  return `The last ${drills} drills of its kind: median ${secondsText(medianSeconds)}, worst ${secondsText(worstSeconds)}.`;
}
