import { compare, dividedBy, fraction, minus, plus, roundedUp, times, type Amount } from './amount.ts';
import type { ColdPrice } from './prices.ts';
import { monthlyCost } from './storage.ts';

/** Rows that leave the database for a destination, or have left it. */
export interface Move {
  /** What they take in the database: pg_total_relation_size. */
  readonly hotBytes: bigint;
  /** What they take where they go. */
  readonly coldBytes: bigint;
}

/** What it costs where the rows are, and what it costs to move them; amounts in units of the currency. */
export interface MoveCost {
  /** A month in the database. */
  readonly before: Amount;
  /** A month in the destination. */
  readonly after: Amount;
  /** Of each month; below nothing where the destination is dearer. */
  readonly saving: Amount;
  /** Once, for storing. */
  readonly put: Amount;
  /** Once, for fetching all of it. */
  readonly restore: Amount;
  /** After so many days the move has paid for itself, minimum of the destination included; null: never. */
  readonly breakEvenDays: bigint | null;
}

/**
 * What a move costs before and after, at prices of one moment. Whoever has removed the rows on day d has paid for storing them and for the
 * longer of d and `minimumDays` in the destination, and has not paid for d days in the database: from which d on that is no more, however long
 * they stay. Pure.
 */
export function costOfMove(move: Move, hotPrice: Amount, cold: ColdPrice, minimumDays: number): MoveCost {
  const before = monthlyCost(move.hotBytes, hotPrice);
  const after = monthlyCost(move.coldBytes, cold.gibMonth);
  const put = times(fraction(putRequests(move.coldBytes), 1000n), cold.thousandPuts);
  return {
    before,
    after,
    saving: minus(before, after),
    put,
    restore: monthlyCost(move.coldBytes, cold.restoredGib),
    breakEvenDays: breakEven(daily(before), daily(after), put, BigInt(minimumDays)),
  };
}

/** A month is a twelfth of a year of 365 days, which is the 730 hours that storage is sold by. */
const daily = (monthly: Amount): Amount => times(monthly, fraction(12n, 365n));

function breakEven(hot: Amount, cold: Amount, put: Amount, minimumDays: bigint): bigint | null {
  // Each further day takes back what the days before brought.
  if (compare(hot, cold) < 0) return null;
  const committed = plus(put, times(cold, fraction(minimumDays)));
  if (compare(times(hot, fraction(minimumDays)), committed) >= 0)
    return hot.numerator === 0n ? 0n : roundedUp(dividedBy(committed, hot));
  return compare(hot, cold) > 0 ? roundedUp(dividedBy(put, minus(hot, cold))) : null;
}

/** The windows of the ledger, manifest, seal, wrapped key, and the mark that stands there until the seal does. */
const SMALL_FILES = 5n;
/** A larger file is stored in parts of this size, 10,000 at most, between a request that begins and one that ends. */
const PART = 16n * 2n ** 20n;
const MOST_PARTS = 10_000n;

/** How many requests store an archive of so many bytes in a bucket. Pure. */
export function putRequests(coldBytes: bigint): bigint {
  if (coldBytes <= PART) return SMALL_FILES + 1n;
  const parts = roundedUp(fraction(coldBytes, PART));
  return SMALL_FILES + 2n + (parts > MOST_PARTS ? MOST_PARTS : parts);
}
