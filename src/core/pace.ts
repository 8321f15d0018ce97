import type { Unit } from './progress.ts';

/** How much was done by when, in milliseconds of any clock. */
export interface Sample {
  readonly at: number;
  readonly done: number;
}

/** The rate of the last half minute counts: a disk that became slow is slow now. */
const WINDOW_MS = 30_000;
/** Less is no rate yet: the first bytes come out of caches. */
const SHORTEST_MS = 3_000;
/** Samples closer than this are one: a tick may come a thousand times a second. */
const GRAIN_MS = 500;

/** The samples with one more, and without those that are too old to count. Pure. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1);
  const before = samples.at(-2);
  const kept = last !== undefined && before !== undefined && last.at - before.at < GRAIN_MS ? samples.slice(0, -1) : samples;
  // One at or beyond the edge stays: the window is measured from it.
  const firstInside = kept.findIndex(({ at }) => at > sample.at - WINDOW_MS);
  const from = firstInside === -1 ? kept.length - 1 : firstInside - 1;
  return [...kept.slice(Math.max(0, from)), sample];
}

/** What is done in a millisecond; null: nobody knows yet, or nothing is. Pure. */
export function rateOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < SHORTEST_MS) return null;
  const rate = (last.done - first.done) / (last.at - first.at);
  return rate > 0 ? rate : null;
}

/** Milliseconds that are left at this rate; null: there is no rate, or more is done than there was to do. Pure. */
export function leftMs(samples: readonly Sample[], total: number): number | null {
  const rate = rateOf(samples);
  const done = samples.at(-1)?.done ?? 0;
  return rate === null || done > total ? null : (total - done) / rate;
}

/** `1.2 GB of 4.0 GB, 30 %, 2 min left`; what is not known is left out. Only bytes are all alike, so only of them time is told. Pure. */
export function paceText(samples: readonly Sample[], total: number | undefined, unit: Unit): string {
  const done = samples.at(-1)?.done ?? 0;
  if (unit === 'things') return total === undefined ? String(done) : `${done}/${total}`;
  if (total === undefined || total <= 0 || done > total) return bytesText(done);
  const left = leftMs(samples, total);
  const share = `${bytesText(done)} of ${bytesText(total)}, ${Math.floor((done / total) * 100)} %`;
  return left === null ? share : `${share}, ${leftText(left)} left`;
}

/** Rounded up, and coarser the longer it is: nobody knows the seconds of an hour. Pure. */
export function leftText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function bytesText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000)} kB`;
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(2)} GB`;
}
