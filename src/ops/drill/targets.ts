import type { DrillStep } from './steps.ts';

/** How long a recovery may take and how old what it brings may be, in milliseconds; null: nothing was asked for. */
export interface DrillTargets {
  readonly rtoMs: number | null;
  readonly rpoMs: number | null;
}

export interface Measured {
  readonly rtoSeconds: number | null;
  readonly rpoSeconds: number | null;
}

/** What was measured against what was asked for, a step each. A recovery that never ended has no time to compare. Pure. */
export function targetSteps(
  { rtoSeconds, rpoSeconds }: Measured,
  { rtoMs, rpoMs }: DrillTargets = { rtoMs: null, rpoMs: null },
): DrillStep[] {
  const none = 'there is no database to measure';
  return [
    ...judged('rto', rtoSeconds ?? none, rtoMs, 'to a database that was looked at'),
    ...judged('rpo', rtoSeconds === null ? none : (rpoSeconds ?? POINT), rpoMs, 'of work would be lost'),
  ];
}

/** Why a recovery to a time, a position or a name says nothing about what would be lost. */
const POINT = 'a recovery to a point loses what came after it on purpose; --at latest measures it';

/** `measured` is a number of seconds, or why there is none. */
function judged(name: 'rto' | 'rpo', measured: number | string, mostMs: number | null, what: string): DrillStep[] {
  if (mostMs === null) return [];
  const most = `${secondsText(mostMs / 1000)} is the most`;
  if (typeof measured === 'string') return [{ name, outcome: 'skipped', message: `${measured}; ${most}`, seconds: 0 }];
  const outcome = measured * 1000 <= mostMs ? 'passed' : 'missed';
  return [{ name, outcome, message: `${secondsText(measured)} ${what}, and ${most}`, seconds: 0 }];
}

/** A time as people say it: seconds while they count, then minutes, hours, days. */
export function secondsText(seconds: number): string {
  if (seconds < 120) return `${trimmed(seconds)} s`;
  if (seconds < 7_200) return `${trimmed(seconds / 60)} min`;
  return seconds < 172_800 ? `${trimmed(seconds / 3_600)} h` : `${trimmed(seconds / 86_400)} days`;
}

const trimmed = (value: number): string => value.toFixed(1).replace(/\.0$/, '');
