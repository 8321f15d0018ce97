import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationAdvice, formatDuration, LONGEST_DURATION_MS, parseDuration } from '../../../src/config/duration.ts';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['2s', 2000],
    ['5min', 300_000],
    ['5 min', 300_000],
    ['1h', 3_600_000],
    ['24d', 2_073_600_000],
    ['0', 0],
    ['0s', 0],
    ['007s', 7000],
    ['2147483647ms', LONGEST_DURATION_MS],
  ])('%s is %i ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  const expected = 'expected a duration such as 500ms, 2s, 5min, 1h or 1d';
  it.each([
    ['5', `${expected}: a number alone has no unit, write 5s or 5000ms`],
    ['0500', `${expected}: a number alone has no unit, write 500s or 500000ms`],
    ['5m', `${expected}: write 5min`],
    ['5M', `${expected}: write 5min`],
    ['5S', `${expected}: write 5s`],
    ['10 seconds', `${expected}: write 10s`],
    ['5us', expected],
    ['5constructor', expected],
    ['1.5s', expected],
    ['-1s', expected],
    ['+1s', expected],
    ['1h30min', expected],
    ['5  min', expected],
    [' 5s', expected],
    ['5s\n', expected],
    ['', expected],
    ['s', expected],
    ['٥s', expected],
    ['99999999999s', expected],
    ['2147483648ms', 'longer than 24d, the longest PostgreSQL can keep'],
    ['25d', 'longer than 24d, the longest PostgreSQL can keep'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseDuration(text)).toThrow(new RangeError(message));
  });

  it('survives formatting and parsing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LONGEST_DURATION_MS }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  it.each([
    [60_000, '1min'],
    [90_000, '90s'],
    [86_400_000, '1d'],
    [1500, '1500ms'],
    [0, '0'],
  ])('%i ms is shown as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('gives no advice for what is no text or number', () => {
    expect([null, undefined, true, [5], {}].map(durationAdvice)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});
