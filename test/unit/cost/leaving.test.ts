import { describe, expect, it } from 'vitest';
import { decimal, decimalText, type Amount } from '../../../src/ops/cost/amount.ts';
import type { ArchivedCopy } from '../../../src/ops/cost/archives.ts';
import { costOfLeaving, shrinkageOf, totalOfLeaving } from '../../../src/ops/cost/leaving.ts';
import type { StoragePrices } from '../../../src/ops/cost/prices.ts';

const copy = (hotBytes: number, coldBytes: number, more: Partial<ArchivedCopy> = {}): ArchivedCopy => ({
  segment: 's',
  table: 'a.t',
  partition: 'a.t_1',
  format: 'csv.gz',
  uri: '',
  destination: 'cold',
  rows: 1,
  hotBytes: BigInt(hotBytes),
  coldBytes: BigInt(coldBytes),
  exportedAt: 0,
  removedAt: null,
  retainUntil: null,
  returnedAt: null,
  returnOf: null,
  from: null,
  to: null,
  ...more,
});
const ratio = (copies: readonly ArchivedCopy[]): string => {
  const found = shrinkageOf(copies, 'a.t', 'csv.gz');
  return found === null ? 'unknown' : `${decimalText(found.ratio, 3)} of ${found.copies}`;
};

describe('how small rows become', () => {
  it('is what all copies took to what their partitions took', () => {
    expect(ratio([copy(100, 10), copy(300, 90)])).toBe('0.250 of 2');
  });

  it('is of the newest twelve', () => {
    expect(ratio([copy(1_000_000, 999_999), ...Array.from({ length: 12 }, () => copy(10, 1))])).toBe('0.100 of 12');
  });

  it('is not of another table or format, nor of what came back, nor of nothing', () => {
    expect(
      ratio([copy(1, 1, { table: 'a.u' }), copy(1, 1, { format: 'parquet' }), copy(9, 0, { returnOf: 's' }), copy(0, 50)]),
    ).toBe('unknown');
  });
});

describe('what leaving costs', () => {
  const GIB = 2n ** 30n;
  const cold = { gibMonth: decimal('0.1'), thousandPuts: decimal('1'), restoredGib: decimal('0') };
  const prices: StoragePrices = {
    currency: 'EUR',
    hot: [{ from: 0, price: decimal('1') }],
    cold: new Map([['cold', { storageClass: null, minimumDays: 0, prices: [{ from: 0, price: cold }] }]]),
  };
  const leaving = [
    { name: 'a', hotBytes: 4n * GIB, coldBytes: null },
    { name: 'b', hotBytes: 2n * GIB, coldBytes: GIB },
  ];
  const half = shrinkageOf([copy(2, 1)], 'a.t', 'csv.gz');
  const text = (amount: Amount | null | undefined) => (amount === null || amount === undefined ? null : decimalText(amount, 2));
  const total = (shrinkage: typeof half, given: StoragePrices, destination = 'cold') => {
    const { before, cost } = totalOfLeaving(costOfLeaving(leaving, shrinkage, { prices: given, destination, now: 1 }));
    return [text(before), text(cost?.after)];
  };

  it('takes the bytes of a copy, and estimates those without one', () => {
    const costs = costOfLeaving(leaving, half, { prices, destination: 'cold', now: 1 });
    expect(costs.map(({ name, coldBytes, estimated, cost }) => [name, coldBytes, estimated, text(cost?.after)])).toEqual([
      ['a', 2n * GIB, true, '0.20'],
      ['b', GIB, false, '0.10'],
    ]);
    expect(total(half, prices)).toEqual(['6.00', '0.30']);
  });

  it('is known as far as prices and copies tell', () => {
    expect(total(null, prices)).toEqual(['6.00', null]);
    expect(total(half, prices, 'elsewhere')).toEqual(['6.00', null]);
    expect(total(half, { ...prices, cold: new Map() })).toEqual(['6.00', null]);
    expect(total(half, { ...prices, hot: [] })).toEqual([null, null]);
    expect(total(half, { ...prices, hot: [{ from: 2, price: decimal('1') }] })).toEqual([null, null]);
  });
});
