import { describe, expect, it } from 'vitest';
import { decimal, decimalText, minus, plus, times, fraction, compare, type Amount } from '../../../src/ops/cost/amount.ts';
import { costOfMove, putRequests } from '../../../src/ops/cost/move.ts';
import { costOver, monthlyCost } from '../../../src/ops/cost/storage.ts';
import { priceAt } from '../../../src/ops/cost/prices.ts';

const GIB = 2n ** 30n;
const text = (amount: Amount | null) => (amount === null ? null : decimalText(amount, 6));
const cold = (gibMonth: string, thousandPuts = '0', restoredGib = '0') => ({
  gibMonth: decimal(gibMonth),
  thousandPuts: decimal(thousandPuts),
  restoredGib: decimal(restoredGib),
});
const day = (at: string): number => Date.parse(`${at}T00:00:00Z`);

describe('what a move costs', () => {
  it('is before, after, once for storing, and once for fetching', () => {
    const { before, after, saving, put, restore, breakEvenDays } = costOfMove(
      { hotBytes: 60n * GIB, coldBytes: 10n * GIB },
      decimal('0.5'),
      cold('0.02', '0.01', '0.09'),
      30,
    );
    expect([before, after, saving, restore].map(text)).toEqual(['30.000000', '0.200000', '29.800000', '0.900000']);
    // 640 parts, one request that begins, one that ends, and five small files.
    expect(text(put)).toBe('0.006470');
    expect(breakEvenDays).toBe(1n);
  });

  const days = (hot: string, coldPrice: string, minimum: number, puts = '0'): bigint | null =>
    costOfMove({ hotBytes: GIB, coldBytes: GIB }, decimal(hot), cold(coldPrice, puts), minimum).breakEvenDays;

  it.each<[string, bigint | null, bigint | null]>([
    ['at once where it costs nothing', days('1', '0', 0), 0n],
    ['the minimum is paid for in any case', days('1', '0.5', 30), 15n],
    ['a minimum as dear as the time itself', days('1', '1', 30), 30n],
    ['never where the destination is as dear, and storing costs something', days('1', '1', 0, '1000'), null],
    ['never where it is dearer', days('1', '1.000000000001', 0), null],
    ['never where the database costs nothing and the destination something', days('0', '0.1', 30), null],
    ['at once where all is free', days('0', '0', 30), 0n],
    // 71 requests of 1 each; 12/365 a day are saved: 2159.6 days.
    ['storing is paid back by what each day saves', days('1', '0', 0, '1000'), 2160n],
    ['after the minimum, by what each day saves', days('1', '0.5', 30, '1000'), 4320n],
  ])('%s', (_what, found, expected) => {
    expect(found).toBe(expected);
  });

  it('pays from that day on, and not the day before, whatever the prices', () => {
    let state = 7;
    const below = (limit: number): number => (state = (state * 48_271) % 2_147_483_647) % limit;
    for (let round = 0; round < 300; round += 1) {
      const move = { hotBytes: BigInt(below(1e9)) * 50n, coldBytes: BigInt(below(1e9)) };
      const minimum = below(200);
      const [hot, price] = [decimal(`0.${below(999)}`), cold(`0.${below(999)}`, `${below(100_000)}`)];
      const { before, after, put, breakEvenDays } = costOfMove(move, hot, price, minimum);
      // Months of 730 hours.
      const paid = (at: bigint): boolean => {
        const months = (count: bigint): Amount => fraction(count * 12n, 365n);
        const stays = at > BigInt(minimum) ? at : BigInt(minimum);
        return compare(minus(times(before, months(at)), plus(put, times(after, months(stays)))), fraction(0n)) >= 0;
      };
      if (breakEvenDays === null) expect(paid(1_000_000_000n)).toBe(false);
      else
        expect([
          paid(breakEvenDays),
          paid(breakEvenDays + BigInt(below(10_000))),
          breakEvenDays > 0n && paid(breakEvenDays - 1n),
        ]).toEqual([true, true, false]);
    }
  });

  it.each([
    [0n, 6n],
    [16n * 2n ** 20n, 6n],
    [16n * 2n ** 20n + 1n, 9n],
    [2n ** 40n, 10_007n],
  ])('%s bytes are stored by %s requests', (bytes, requests) => {
    expect(putRequests(bytes)).toBe(requests);
  });
});

describe('what storage cost over time', () => {
  const prices = [
    { from: day('2026-01-01'), price: decimal('1') },
    { from: day('2026-02-15'), price: decimal('2') },
  ];
  it.each<[string, string, string | null]>([
    ['2026-01-01', '2026-02-01', '1.000000'],
    // Half of February at each price: 14 days of 28.
    ['2026-02-01', '2026-03-01', '1.500000'],
    ['2026-03-01', '2026-04-01', '2.000000'],
    ['2026-01-01', '2026-04-01', '4.500000'],
    ['2026-02-14', '2026-02-16', '0.107143'],
    ['2026-02-14', '2026-02-14', '0.000000'],
    ['2025-12-31', '2026-02-01', null],
  ])('from %s to %s', (from, to, expected) => {
    expect(text(costOver(GIB, prices, day(from), day(to)))).toBe(expected);
  });

  it('is unknown without a price, and the price in force is the last one that began', () => {
    expect(costOver(GIB, [], day('2026-01-01'), day('2026-02-01'))).toBe(null);
    expect([day('2025-12-31'), day('2026-02-15') - 1, day('2026-02-15')].map((at) => text(priceAt(prices, at)))).toEqual([
      null,
      '1.000000',
      '2.000000',
    ]);
  });

  it('of a byte is exact', () => {
    expect(decimalText(monthlyCost(1n, decimal('1')), 30)).toBe('0.000000000931322574615478515625');
  });
});
