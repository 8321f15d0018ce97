import { compare, minus, NOTHING, type Amount } from './amount.ts';
import { isOut, type ArchivedCopy } from './archives.ts';
import { costOfMove, type MoveCost } from './move.ts';
import { priceAt, type ColdPrice, type ColdStorage, type StoragePrices } from './prices.ts';
import { costOver, monthlyCost } from './storage.ts';

/** One archived partition with what it cost, and what it brought. Null is what no price tells. */
export interface ArchiveRun {
  readonly copy: ArchivedCopy;
  readonly storage: ColdStorage | null;
  /** At the prices of the day it was exported. */
  readonly cost: MoveCost | null;
  /** Of each month now, at the prices of that day; below nothing where the partition is in the database as well. */
  readonly savingNow: Amount | null;
  /** What fetching all of it would cost today. */
  readonly restore: Amount | null;
  /** What the partition would have cost since it left, less what archive and storing cost, at the prices of each month; below nothing: not yet paid for. */
  readonly savedSoFar: Amount | null;
}

/** Every copy with its costs, in the same order; `now` in milliseconds since 1970. Pure. */
export function costOfArchives(copies: readonly ArchivedCopy[], prices: StoragePrices, now: number): ArchiveRun[] {
  return copies.map((copy) => {
    const storage = (copy.destination === null ? undefined : prices.cold.get(copy.destination)) ?? null;
    const then = storage === null ? null : priceAt(storage.prices, copy.exportedAt);
    const hotThen = priceAt(prices.hot, copy.exportedAt);
    const cold = then !== null && copy.returnOf !== null ? storedAlready(then) : then;
    const cost =
      storage === null || cold === null || hotThen === null ? null : costOfMove(copy, hotThen, cold, storage.minimumDays);
    const today = storage === null ? null : priceAt(storage.prices, now);
    return {
      copy,
      storage,
      cost,
      savingNow: cost === null ? null : isOut(copy) ? cost.saving : minus(NOTHING, cost.after),
      restore: today === null ? null : monthlyCost(copy.coldBytes, today.restoredGib),
      savedSoFar: cost === null || storage === null ? null : savedSoFar(copy, prices, storage, { put: cost.put, now }),
    };
  });
}

function savedSoFar(
  { hotBytes, coldBytes, exportedAt, removedAt, returnedAt }: ArchivedCopy,
  { hot }: StoragePrices,
  { prices }: ColdStorage,
  { put, now }: { readonly put: Amount; readonly now: number },
): Amount | null {
  const avoided = removedAt === null ? NOTHING : costOver(hotBytes, hot, removedAt, returnedAt ?? now);
  const paid = costOver(coldBytes, prices.map(byMonth), exportedAt, now);
  return avoided === null || paid === null ? null : minus(minus(avoided, paid), put);
}

/** What came back and leaves again is not stored again. */
const storedAlready = (price: ColdPrice): ColdPrice => ({ ...price, thousandPuts: NOTHING });

const byMonth = ({ from, price }: { readonly from: number; readonly price: ColdPrice }) => ({ from, price: price.gibMonth });

/** The archive costs more for a month than the partition did, so that it never pays. */
export const isDearer = ({ cost }: ArchiveRun): boolean => cost !== null && compare(cost.saving, NOTHING) < 0;
