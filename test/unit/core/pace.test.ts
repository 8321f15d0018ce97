import { describe, expect, it } from 'vitest';
import { leftMs, leftText, paceText, rateOf, withSample, type Sample } from '../../../src/core/pace.ts';

const MB = 1_000_000;
/** One sample a second, of so many bytes each. */
const seconds = (...bytes: readonly number[]): readonly Sample[] => {
  let done = 0;
  return bytes.reduce<readonly Sample[]>(
    (samples, more, index) => withSample(samples, { at: (index + 1) * 1000, done: (done += more) }),
    [{ at: 0, done: 0 }],
  );
};

describe('the time that is left', () => {
  it.each<[string, readonly Sample[], number, number | null]>([
    ['nothing was done yet', [{ at: 0, done: 0 }], 100 * MB, null],
    ['too short for a rate', seconds(10 * MB, 10 * MB), 100 * MB, null],
    ['even', seconds(10 * MB, 10 * MB, 10 * MB, 10 * MB), 100 * MB, 6_000],
    ['nothing moves', seconds(0, 0, 0, 0, 0), 100 * MB, null],
    ['all is done', seconds(25 * MB, 25 * MB, 25 * MB, 25 * MB), 100 * MB, 0],
    ['more is done than there was to do', seconds(50 * MB, 50 * MB, 50 * MB), 100 * MB, null],
  ])('is honest when %s', (_name, samples, total, expected) => {
    expect(leftMs(samples, total)).toBe(expected);
  });

  it('follows a rate that changes: half a minute counts, what was before does not', () => {
    const slow = seconds(...Array<number>(60).fill(100 * MB), ...Array<number>(40).fill(1 * MB));
    expect(rateOf(slow)).toBeCloseTo(1_000, 0);
    expect(leftMs(slow, 6_100 * MB)).toBeCloseTo(60_000, -1);
  });

  it('says nothing any more once half a minute went by without a byte', () => {
    const stalled = withSample(withSample(seconds(10 * MB, 10 * MB, 10 * MB), { at: 40_000, done: 30 * MB }), {
      at: 75_000,
      done: 30 * MB,
    });
    expect(leftMs(stalled, 100 * MB)).toBeNull();
  });

  it('keeps few samples, however often something ticks', () => {
    let samples: readonly Sample[] = [{ at: 0, done: 0 }];
    for (let at = 1; at <= 120_000; at += 1) samples = withSample(samples, { at, done: at * 1000 });
    expect(samples.length).toBeLessThan(64);
    expect(rateOf(samples)).toBeCloseTo(1000, 6);
    expect((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)).toBeLessThan(31_000);
  });

  it.each<[number, string]>([
    [0, '0 s'],
    [1, '1 s'],
    [59_000, '59 s'],
    [59_001, '1 min'],
    [61_000, '2 min'],
    [3_540_001, '1 h 0 min'],
    [5_400_000, '1 h 30 min'],
  ])('of %d ms reads %s', (ms, text) => {
    expect(leftText(ms)).toBe(text);
  });
});

describe('progress in words', () => {
  it.each<[readonly Sample[], number | undefined, 'bytes' | 'things', string]>([
    [seconds(3), 9, 'things', '3/9'],
    [seconds(3), undefined, 'things', '3'],
    // Tables are not alike: their number says nothing of time.
    [seconds(1, 1, 1, 1, 1, 1), 100, 'things', '6/100'],
    [seconds(5 * MB), undefined, 'bytes', '5.0 MB'],
    [seconds(5 * MB), 2_000 * MB, 'bytes', '5.0 MB of 2.00 GB, 0 %'],
    [seconds(10 * MB, 10 * MB, 10 * MB, 10 * MB), 100 * MB, 'bytes', '40.0 MB of 100.0 MB, 40 %, 6 s left'],
    [seconds(60 * MB, 60 * MB), 100 * MB, 'bytes', '120.0 MB'],
    [seconds(1), 0, 'bytes', '1 kB'],
  ])('%#: %j of %s %s', (samples, total, unit, text) => {
    expect(paceText(samples, total, unit)).toBe(text);
  });
});
