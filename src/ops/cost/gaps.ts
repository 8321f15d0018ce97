import { priceAt, type StoragePrices } from './prices.ts';
import type { ColdHolding } from './table-costs.ts';

/** What has to be written into dbctl.yaml before a cost is known. */
export interface Gap {
  /** The key it belongs to. */
  readonly key: string;
  readonly message: string;
  /** As lines of dbctl.yaml. */
  readonly fix: string;
}

/** Which prices are missing now, for what is there. Pure. */
export function gapsOf(prices: StoragePrices, holdings: readonly ColdHolding[], now: number): Gap[] {
  const day = new Date(now).toISOString().slice(0, 8).concat('01');
  return [...hotGap(prices, now, day), ...coldGaps(prices, holdings, now, day), ...nowhere(holdings)];
}

function hotGap({ hot, currency }: StoragePrices, now: number, day: string): Gap[] {
  if (priceAt(hot, now) !== null) return [];
  const message = missing('of what lies in the database', hot[0]?.from);
  const unit = currency === null ? '\n  currency: EUR' : '';
  return [{ key: 'cost.hot', message, fix: `cost:${unit}\n  hot: [{ from: ${day}, gib_month: "PRICE" }]` }];
}

function coldGaps(prices: StoragePrices, holdings: readonly ColdHolding[], now: number, day: string): Gap[] {
  const names = new Set(holdings.flatMap(({ destination }) => destination ?? []));
  return [...names].toSorted().flatMap((name) => {
    const list = prices.cold.get(name)?.prices ?? [];
    if (priceAt(list, now) !== null) return [];
    const message = missing(`of destination ${name}`, list[0]?.from);
    const price = `{ from: ${day}, gib_month: "PRICE", thousand_puts: "PRICE", restored_gib: "PRICE" }`;
    return [{ key: 'cost.cold', message, fix: `cost:\n  cold: [{ destination: ${name}, prices: [${price}] }]` }];
  });
}

function nowhere(holdings: readonly ColdHolding[]): Gap[] {
  const lost = holdings.filter(({ destination }) => destination === null);
  if (lost.length === 0) return [];
  const tables = [...new Set(lost.map(({ table }) => table))].toSorted().join(', ');
  const message = `${lost.length} ${lost.length === 1 ? 'archive' : 'archives'} of ${tables} ${lost.length === 1 ? 'was' : 'were'} recorded without the name of a destination`;
  return [{ key: 'archive.destinations', message, fix: '' }];
}

const missing = (what: string, first: number | undefined): string =>
  first === undefined
    ? `dbctl.yaml has no price ${what}: the cost is not known`
    : `dbctl.yaml has no price ${what} before ${new Date(first).toISOString().slice(0, 10)}: the cost is not known`;
