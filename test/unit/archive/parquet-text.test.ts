import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CopyText } from '../../../src/ops/archive/parquet-text.ts';

function written(add: (text: CopyText) => void): string {
  const text = new CopyText();
  add(text);
  return text.written.toString('latin1');
}

it('numbers are written as JavaScript writes them', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 18 }), (value, width) => {
      expect(written((text) => text.digits(value, width))).toBe(String(value).padStart(width, '0'));
    }),
    {
      numRuns: 5_000,
      examples: [
        [0, 1],
        [0, 6],
        [9, 1],
        [10, 1],
        [99, 2],
        [2 ** 53 - 1, 1],
        [10 ** 15, 1],
        [10 ** 15 - 1, 15],
      ],
    },
  );
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (value) => {
      expect(written((text) => text.whole(value))).toBe(String(value));
    }),
    { examples: [[0], [-1], [-(2 ** 53 - 1)], [-(2n ** 63n)]] },
  );
});
