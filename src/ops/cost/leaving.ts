import { fraction, roundedUp, sumOf, times, type Amount } from './amount.ts';
import type { ArchivedCopy } from './archives.ts';
import { costOfMove, type MoveCost } from './move.ts';
import { priceAt, type StoragePrices } from './prices.ts';
import { monthlyCost } from './storage.ts';

/** A partition that is to leave the database. */
export interface Leaving {
  readonly name: string;
  readonly hotBytes: bigint;
  /** What its copy takes; null: there is none yet. */
  readonly coldBytes: bigint | null;
}

/** How much smaller rows of a table become, as earlier copies show it. */
export interface Shrinkage {
  /** Cold bytes to hot bytes. */
  readonly ratio: Amount;
  readonly copies: number;
}

/** What a partition costs before and after it leaves. */
export interface LeavingCost {
  readonly name: string;
  /** Null: there is no copy yet, and none before it that would show how small it becomes. */
  readonly coldBytes: bigint | null;
  /** They are reckoned from earlier copies. */
  readonly estimated: boolean;
  /** A month in the database; null: there is no price. */
  readonly before: Amount | null;
  /** Null: a price is missing, or the bytes it takes. */
  readonly cost: MoveCost | null;
}

/** Older ones were of other rows. */
const NEWEST = 12;

/** From the newest copies of the table in that format. Null: there is none of a partition that had bytes. Pure. */
export function shrinkageOf(copies: readonly ArchivedCopy[], table: string, format: string): Shrinkage | null {
  const of = copies
    .filter((one) => one.table === table && one.format === format && one.returnOf === null && one.hotBytes > 0n)
    .slice(-NEWEST);
  if (of.length === 0) return null;
  const [cold, hot] = [of.reduce((sum, one) => sum + one.coldBytes, 0n), of.reduce((sum, one) => sum + one.hotBytes, 0n)];
  return { ratio: fraction(cold, hot), copies: of.length };
}

/** What each costs before and after, at the prices now. Pure. */
export function costOfLeaving(
  leaving: readonly Leaving[],
  shrinkage: Shrinkage | null,
  { prices, destination, now }: { readonly prices: StoragePrices; readonly destination: string; readonly now: number },
): LeavingCost[] {
  const storage = prices.cold.get(destination);
  const [hot, cold] = [priceAt(prices.hot, now), priceAt(storage?.prices ?? [], now)];
  return leaving.map(({ name, hotBytes, coldBytes: known }) => {
    const guess = shrinkage === null ? null : roundedUp(times(fraction(hotBytes), shrinkage.ratio));
    const coldBytes = known ?? guess;
    const cost =
      coldBytes === null || hot === null || cold === null
        ? null
        : costOfMove({ hotBytes, coldBytes }, hot, cold, storage?.minimumDays ?? 0);
    return { name, coldBytes, estimated: known === null, before: hot === null ? null : monthlyCost(hotBytes, hot), cost };
  });
}

/** All of them together; null is what is not known of one. */
export interface LeavingTotal {
  readonly before: Amount | null;
  readonly cost: Pick<MoveCost, 'after' | 'put'> | null;
}

/** Pure. */
export function totalOfLeaving(costs: readonly LeavingCost[]): LeavingTotal {
  const befores = costs.flatMap(({ before }) => before ?? []);
  const known = costs.flatMap(({ cost }) => cost ?? []);
  return {
    before: befores.length < costs.length ? null : sumOf(befores),
    cost:
      known.length < costs.length
        ? null
        : { after: sumOf(known.map(({ after }) => after)), put: sumOf(known.map(({ put }) => put)) },
  };
}
