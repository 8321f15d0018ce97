import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CopyLines, escapeField, isNull, unescapeField } from '../../../src/ops/archive/copy-text.ts';

it('lines come whole and once, however they are cut', async () => {
  const line = fc
    .string({ unit: 'binary', maxLength: 30 })
    .map((text) => Buffer.from(text.replaceAll('\n', '')).toString('utf8'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 8 }),
      async (lines, cuts) => {
        const text = Buffer.from(lines.map((one) => `${one}\n`).join(''));
        const found: string[] = [];
        const reader = new CopyLines();
        // The memory of a piece is another's as soon as it was taken.
        const piece = Buffer.alloc(64);
        for (let at = 0, cut = 0; at < text.length; cut += 1) {
          const size = text.copy(piece, 0, at, at + 1 + (cuts[cut % cuts.length] ?? 20));
          await reader.take(piece.subarray(0, size), (bytes, from, to) => {
            found.push(bytes.toString('utf8', from, to));
            return cut % 2 === 0 ? undefined : Promise.resolve();
          });
          piece.fill('x');
          at += size;
        }
        expect(found).toEqual(lines);
      },
    ),
    { numRuns: 40 },
  );
});

it.each([
  ['a\tb', 'a\\tb'],
  ['\b\f\n\r\t\v', '\\b\\f\\n\\r\\t\\v'],
  ['\\', '\\\\'],
  ['\\N', '\\\\N'],
  ['naïve 😀', 'naïve 😀'],
  ['', ''],
])('%j is written as %j, and read again', (value, field) => {
  const into = Buffer.alloc(100);
  expect(into.toString('utf8', 0, escapeField(Buffer.from(value), 0, Buffer.byteLength(value), into, 0))).toBe(field);
  const bytes = Buffer.from(field);
  expect(into.toString('utf8', 0, unescapeField(bytes, 0, bytes.length, into, 0))).toBe(value);
});

it('a field of two characters is null, and the text of them is not', () => {
  expect(isNull(Buffer.from('\\N'), 0, 2)).toBe(true);
  expect(isNull(Buffer.from('\\\\N'), 0, 3)).toBe(false);
  expect(isNull(Buffer.from('\\n'), 0, 2)).toBe(false);
});
