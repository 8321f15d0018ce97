import { fraction, plus, sumOf, type Amount } from './amount.ts';
import { isOut, type ArchivedCopy } from './archives.ts';
import { growthOf, type Growth, type Stretch } from './growth.ts';
import { priceAt, type StoragePrices } from './prices.ts';
import { monthlyCost } from './storage.ts';
import type { SizedRelation } from './tables.ts';

/** Bytes of a table that lie in a destination: copies of partitions, and whatever else leaves the database. */
export interface ColdHolding {
  readonly table: string;
  /** Null: nobody knows in which. */
  readonly destination: string | null;
  readonly bytes: bigint;
  /** So many files that rows refer to; undefined: it is the copy of a partition. */
  readonly blobs?: number;
}

/** A table with what it takes and costs. What is not known is null, and no part of a sum. */
export interface TableCost {
  readonly table: string;
  readonly partitions: number;
  /** Null: somebody holds it, or a partition of it, locked. */
  readonly hotBytes: bigint | null;
  readonly indexBytes: bigint | null;
  readonly rows: number | null;
  readonly deadRows: number | null;
  /** Of a month, at the price now. */
  readonly hotCost: Amount | null;
  /** Of copies of partitions, and of blobs. Null: they cannot be seen. */
  readonly coldBytes: bigint | null;
  readonly copies: number | null;
  readonly blobs: number | null;
  readonly coldCost: Amount | null;
  /** It has partitions by time, which show how it grows. */
  readonly byTime: boolean;
  /** Null: no partitions show it. */
  readonly growth: Growth | null;
  /** Of a month, a year from now, hot and cold, where it goes on growing so and nothing leaves. */
  readonly costInAYear: Amount | null;
}

export interface Wish {
  readonly prices: StoragePrices;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How many full months of the past growth is taken from. */
  readonly months: number;
  /** Each partition by itself. */
  readonly apart: boolean;
}

/** What each table costs, the largest first; `copies` and `holdings` null: they cannot be seen. Pure. */
export function costOfTables(
  relations: readonly SizedRelation[],
  copies: readonly ArchivedCopy[] | null,
  holdings: readonly ColdHolding[] | null,
  wish: Wish,
): TableCost[] {
  const shown = wish.apart ? relations.filter(({ partitioned }) => !partitioned) : relations;
  const parts = grouped(shown, ({ name, table }) => (wish.apart ? name : table));
  const held = grouped(holdings ?? [], ({ table }) => table);
  const out = grouped((copies ?? []).filter(isOut), ({ table }) => table);
  return [...new Set([...parts.keys(), ...held.keys()])]
    .map((table) => {
      const mine = parts.get(table) ?? [];
      const growth = wish.apart ? null : growthOf(stretchesOf(mine, out.get(table) ?? []), wish.now, wish.months);
      return costOfTable(table, mine, holdings === null ? null : (held.get(table) ?? []), growth, wish);
    })
    .toSorted((a, b) => order(a, b));
}

function grouped<One>(all: readonly One[], by: (one: One) => string): Map<string, One[]> {
  const groups = new Map<string, One[]>();
  for (const one of all) {
    const group = groups.get(by(one));
    if (group === undefined) groups.set(by(one), [one]);
    else group.push(one);
  }
  return groups;
}

const order = (a: TableCost, b: TableCost): number => {
  const difference = (b.hotBytes ?? 0n) + (b.coldBytes ?? 0n) - (a.hotBytes ?? 0n) - (a.coldBytes ?? 0n);
  return difference === 0n ? (a.table < b.table ? -1 : 1) : difference < 0n ? -1 : 1;
};

/** Partitions that are there, and those that left: their months were as large. */
function stretchesOf(parts: readonly SizedRelation[], gone: readonly ArchivedCopy[]): Stretch[] {
  const here = parts.flatMap(({ from, to, bytes }) =>
    from === null || to === null || bytes === null ? [] : [{ from, to, bytes }],
  );
  const left = gone.flatMap(({ from, to, hotBytes }) => (from === null || to === null ? [] : [{ from, to, bytes: hotBytes }]));
  return [...here, ...left];
}

function costOfTable(
  table: string,
  parts: readonly SizedRelation[],
  held: readonly ColdHolding[] | null,
  growth: Growth | null,
  { prices, now }: Wish,
): TableCost {
  const hotPrice = priceAt(prices.hot, now);
  const hotBytes = total(parts.map(({ bytes }) => bytes));
  const hotCost = hotBytes === null || hotPrice === null ? null : monthlyCost(hotBytes, hotPrice);
  const coldCost = held === null ? null : costOfHoldings(held, prices, now);
  const later =
    hotBytes === null || hotPrice === null || growth === null ? null : monthlyCost(hotBytes + 12n * growth.bytes, hotPrice);
  return {
    table,
    partitions: parts.filter(({ name, partitioned }) => name !== table && !partitioned).length,
    hotBytes,
    indexBytes: total(parts.map(({ indexBytes }) => indexBytes)),
    rows: counted(parts.map(({ rows }) => rows)),
    deadRows: counted(parts.map(({ deadRows }) => deadRows)),
    hotCost,
    coldBytes: held === null ? null : (total(held.map(({ bytes }) => bytes)) ?? 0n),
    copies: held?.filter(({ blobs }) => blobs === undefined).length ?? null,
    blobs: held?.reduce((sum, { blobs = 0 }) => sum + blobs, 0) ?? null,
    coldCost,
    byTime: parts.some(({ from }) => from !== null),
    growth,
    costInAYear: later === null || coldCost === null ? null : plus(later, coldCost),
  };
}

/** Null: of one of them it is not known. */
const total = (sizes: readonly (bigint | null)[]): bigint | null =>
  sizes.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0n as bigint | null);

const counted = (numbers: readonly (number | null)[]): number | null =>
  numbers.every((one) => one === null) ? null : numbers.reduce<number>((sum, one) => sum + (one ?? 0), 0);

/** What a month of them costs; null: a price is missing. Pure. */
export function costOfHoldings(held: readonly ColdHolding[], prices: StoragePrices, now: number): Amount | null {
  const costs = held.map(({ destination, bytes }) => {
    const storage = destination === null ? undefined : prices.cold.get(destination);
    const price = storage === undefined ? null : priceAt(storage.prices, now);
    return price === null ? null : monthlyCost(bytes, price.gibMonth);
  });
  return costs.includes(null) ? null : sumOf(costs.filter((one) => one !== null));
}

/** Sum of what is known, and how many are not. */
export function totalOf(amounts: readonly (Amount | null)[]): { readonly known: Amount; readonly unknown: number } {
  const known = amounts.filter((one) => one !== null);
  return { known: known.length === 0 ? fraction(0n) : sumOf(known), unknown: amounts.length - known.length };
}
