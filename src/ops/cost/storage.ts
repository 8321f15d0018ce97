import { fraction, plus, times, NOTHING, type Amount } from './amount.ts';
import type { Prices } from './prices.ts';

const GIB = 2n ** 30n;

/** What so many bytes cost for a month, at a price of a GiB and month. Pure. */
export const monthlyCost = (bytes: bigint, gibMonth: Amount): Amount => times(fraction(bytes, GIB), gibMonth);

/**
 * What so many bytes cost from one moment to before another, in milliseconds since 1970: each calendar month of UTC at the prices in force, by
 * the part of it that each was. A whole month costs its price, however many days it has. Null: there was no price yet. Pure.
 */
export function costOver(bytes: bigint, prices: Prices<Amount>, from: number, to: number): Amount | null {
  if (to <= from) return NOTHING;
  if ((prices[0]?.from ?? Infinity) > from) return null;
  let cost = NOTHING;
  for (const { start, end, length, price } of stretches(prices, from, to))
    cost = plus(cost, times(monthlyCost(bytes, price), fraction(BigInt(end - start), BigInt(length))));
  return cost;
}

/** From here to there in pieces that lie in one month and have one price; `length` is that of the month. */
function* stretches(prices: Prices<Amount>, from: number, to: number) {
  let start = from;
  while (start < to) {
    const at = prices.findLastIndex((one) => one.from <= start);
    const month = monthStart(start, 0);
    const next = monthStart(start, 1);
    const end = Math.min(to, next, prices[at + 1]?.from ?? Infinity);
    yield { start, end, length: next - month, price: (prices[at] as Prices<Amount>[number]).price };
    start = end;
  }
}

/** Where the calendar month of UTC begins that is so many after that of the moment. Pure. */
export function monthStart(moment: number, after: number): number {
  const at = new Date(moment);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + after, 1);
}
