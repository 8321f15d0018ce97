import { dividedBy, fraction, roundedUp } from './amount.ts';
import { monthStart } from './storage.ts';

/** Rows of a stretch of time, in milliseconds since 1970, and what they take in the database, or took before they left it. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly bytes: bigint;
}

/** How fast a table grows, as its partitions show it. */
export interface Growth {
  /** Rows of one month, on average. */
  readonly bytes: bigint;
  /** Full calendar months of UTC that were looked at, before this one. */
  readonly months: number;
}

/**
 * Bytes of a month's rows, from the newest full months that partitions cover without a hole, `most` at most. A partition that reaches over
 * the end of a month counts for none, and ends the search. Null: not even last month is covered. Pure.
 */
export function growthOf(stretches: readonly Stretch[], now: number, most: number): Growth | null {
  let [bytes, months] = [0n, 0];
  while (months < most) {
    const month = { from: monthStart(now, -months - 1), to: monthStart(now, -months) };
    const within = stretches.filter(({ from, to }) => from >= month.from && to <= month.to && to > from);
    if (!covers(within, month)) break;
    bytes += within.reduce((sum, one) => sum + one.bytes, 0n);
    months += 1;
  }
  return months === 0 ? null : { bytes: roundedUp(dividedBy(fraction(bytes), fraction(BigInt(months)))), months };
}

/** Partitions never overlap, so that they cover a month when their lengths add up to it. */
function covers(within: readonly Stretch[], { from, to }: Pick<Stretch, 'from' | 'to'>): boolean {
  return within.reduce((sum, one) => sum + one.to - one.from, 0) === to - from;
}
