import type { Config } from '../../config/config.ts';
import { decimal, type Amount } from './amount.ts';

/** A price from a moment on, in milliseconds since 1970, until the next one. */
export interface Since<Price> {
  readonly from: number;
  readonly price: Price;
}

/** Oldest first. */
export type Prices<Price> = readonly Since<Price>[];

/** Prices of a place archives are kept, in units of the currency. */
export interface ColdPrice {
  /** Of a GiB for a month. */
  readonly gibMonth: Amount;
  readonly thousandPuts: Amount;
  readonly restoredGib: Amount;
}

export interface ColdStorage {
  readonly storageClass: string | null;
  readonly minimumDays: number;
  readonly prices: Prices<ColdPrice>;
}

/** What dbctl.yaml says storage costs. */
export interface StoragePrices {
  /** Null: there is no price at all. */
  readonly currency: string | null;
  /** Of a GiB in the database for a month. */
  readonly hot: Prices<Amount>;
  /** By the name of the destination. */
  readonly cold: ReadonlyMap<string, ColdStorage>;
}

export function storagePrices({ cost }: Pick<Config, 'cost'>): StoragePrices {
  return {
    currency: cost.currency ?? null,
    hot: cost.hot.map(({ from, gib_month: price }) => ({ from: startOf(from), price: decimal(price) })),
    cold: new Map(
      cost.cold.map(({ destination, class: storageClass, minimum_days: minimumDays, prices }) => [
        destination,
        {
          storageClass: storageClass ?? null,
          minimumDays,
          prices: prices.map(({ from, ...price }) => ({
            from: startOf(from),
            price: {
              gibMonth: decimal(price.gib_month),
              thousandPuts: decimal(price.thousand_puts),
              restoredGib: decimal(price.restored_gib),
            },
          })),
        },
      ]),
    ),
  };
}

const startOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/** The price in force at a moment; null: none was yet. Pure. */
export function priceAt<Price>(prices: Prices<Price>, moment: number): Price | null {
  return prices.findLast(({ from }) => from <= moment)?.price ?? null;
}
