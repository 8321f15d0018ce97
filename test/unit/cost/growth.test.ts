import { describe, expect, it } from 'vitest';
import { growthOf, type Stretch } from '../../../src/ops/cost/growth.ts';

const at = (text: string): number => Date.parse(text.length === 7 ? `${text}-01T00:00:00Z` : `${text}T00:00:00Z`);
const stretch = (from: string, to: string, bytes: number): Stretch => ({ from: at(from), to: at(to), bytes: BigInt(bytes) });
const NOW = Date.parse('2026-11-21T12:00:00Z');

describe('growth', () => {
  const months = [
    stretch('2026-08', '2026-09', 1),
    stretch('2026-09', '2026-10', 100),
    stretch('2026-10', '2026-11', 200),
    stretch('2026-11', '2026-12', 5000),
  ];
  it.each<[string, readonly Stretch[], number, string]>([
    ['is of full months before this one', months, 2, '150 of 2'],
    ['as far as partitions reach', months, 12, '101 of 3'],
    ['ends at a hole', months.filter(({ bytes }) => bytes !== 100n), 3, '200 of 1'],
    ['is unknown where last month has none', months.filter(({ bytes }) => bytes !== 200n), 3, 'unknown'],
    ['is unknown without partitions', [], 3, 'unknown'],
    [
      'adds up days',
      Array.from({ length: 31 }, (_, n) => ({ from: at('2026-10') + n * 864e5, to: at('2026-10') + (n + 1) * 864e5, bytes: 2n })),
      1,
      '62 of 1',
    ],
    [
      'is unknown where a day is missing',
      Array.from({ length: 30 }, (_, n) => ({ from: at('2026-10') + n * 864e5, to: at('2026-10') + (n + 1) * 864e5, bytes: 2n })),
      1,
      'unknown',
    ],
    ['is unknown where a partition reaches over the end of the month', [stretch('2026-10', '2026-11-15', 9)], 1, 'unknown'],
    ['reaches over the turn of the year', [stretch('2025-12', '2026-01', 7)], 1, 'unknown'],
  ])('%s', (_what, stretches, most, expected) => {
    const growth = growthOf(stretches, NOW, most);
    expect(growth === null ? 'unknown' : `${growth.bytes} of ${growth.months}`).toBe(expected);
  });

  it('in January looks at December', () => {
    expect(growthOf([stretch('2025-12', '2026-01', 7)], at('2026-01-05'), 3)).toEqual({ bytes: 7n, months: 1 });
  });
});
