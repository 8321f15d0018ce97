import { describe, expect, it } from 'vitest';
import { lsnNumber, lsnText } from '../../../src/core/lsn.ts';
import { parseHistory } from '../../../src/ops/wal/history.ts';
import { lineageOf } from '../../../src/ops/wal/lineage.ts';
import { planStart, type StartFacts } from '../../../src/ops/wal/start.ts';

const SIZE = 16 << 20;
/** Timeline 2 left 1 at 0/3800000, in segment 3; 3 left 2 at 0/6000000, the first byte of segment 6. */
const HISTORY = '1\t0/3800000\tno recovery target specified\n\n# a comment\n2\t0/6000000\tbefore 2026-11-21\n';
const THREE = lineageOf(3, parseHistory('00000003.history', HISTORY));
const ONE = lineageOf(1, []);

const segment = (timeline: number, number: number): string =>
  `0000000${timeline}0000000000000${number.toString(16).padStart(3, '0').toUpperCase()}`;

const plan = (facts: Partial<StartFacts>): string => {
  const { timeline, start } = planStart({
    names: [],
    segmentBytes: SIZE,
    lineage: ONE,
    flushLsn: lsnNumber('0/8123456'),
    slotLsn: null,
    spoolLsn: null,
    acceptGap: false,
    ...facts,
  });
  return `${timeline} ${lsnText(start)}`;
};

describe('receiving begins', () => {
  it.each<[string, Partial<StartFacts>, string]>([
    ['with an empty archive at the segment the server writes', {}, '1 0/8000000'],
    ['with a slot at what it holds', { slotLsn: lsnNumber('0/5000028') }, '1 0/5000000'],
    ['where an earlier run without a slot began', { spoolLsn: lsnNumber('0/4000000') }, '1 0/4000000'],
    [
      'at the slot where an earlier run began after it',
      { slotLsn: lsnNumber('0/3000028'), spoolLsn: lsnNumber('0/4000000') },
      '1 0/3000000',
    ],
    ['at what the server has where a gap is accepted', { spoolLsn: lsnNumber('0/4000000'), acceptGap: true }, '1 0/8000000'],
    [
      'behind the newest segment, whatever lies in the spool',
      { names: [segment(1, 5)], spoolLsn: lsnNumber('0/2000000') },
      '1 0/6000000',
    ],
    ['behind the newest segment', { names: [segment(1, 4), segment(1, 5)] }, '1 0/6000000'],
    [
      'behind the newest segment, and not at the slot',
      { names: [segment(1, 6)], slotLsn: lsnNumber('0/5000000') },
      '1 0/7000000',
    ],
    ['at the end of the server', { names: [segment(1, 7)] }, '1 0/8000000'],
    ['on the last timeline with an empty archive', { lineage: THREE }, '3 0/8000000'],
    ['on an old timeline where the slot is', { lineage: THREE, slotLsn: lsnNumber('0/4000000') }, '2 0/4000000'],
    ['on the timeline of the newest segment', { lineage: THREE, names: [segment(1, 1)] }, '1 0/2000000'],
    // Segment 3 of timeline 1 is only whole on 2.
    ['where a timeline ended within a segment, with it on the next', { lineage: THREE, names: [segment(1, 2)] }, '1 0/3000000'],
    [
      'behind a whole copy of that segment on the old one',
      { lineage: THREE, names: [segment(1, 2), segment(1, 3)] },
      '2 0/3000000',
    ],
    ['behind the last segment of a timeline that ended between two', { lineage: THREE, names: [segment(2, 5)] }, '2 0/6000000'],
    [
      'whatever a foreign branch stored after the switch',
      { lineage: THREE, names: [segment(1, 2), segment(1, 7)] },
      '1 0/3000000',
    ],
    [
      'over a gap, where it is accepted',
      { names: [segment(1, 1)], slotLsn: lsnNumber('0/5000000'), acceptGap: true },
      '1 0/5000000',
    ],
  ])('%s', (_name, facts, expected) => {
    expect(plan(facts)).toBe(expected);
  });

  it.each<[string, Partial<StartFacts>, RegExp]>([
    ['an archive of a later timeline', { names: [segment(2, 5)] }, /^the archive follows timeline 2, and this server is on 1$/],
    [
      'an archive that is ahead of the server',
      { names: [segment(1, 9)] },
      /^the archive ends at 0\/A000000, and the server has got only to 0\/8123456$/,
    ],
    [
      'an archive of another branch',
      { lineage: THREE, names: [segment(1, 7)] },
      /^the archive holds nothing of the timelines this server has been on$/,
    ],
  ])('never with %s', (_name, facts, said) => {
    expect(() => plan(facts)).toThrow(said);
  });
});

it('an LSN that is none is refused', () => {
  for (const text of ['', '0', '0/', '0/G', '1/2/3', '0/123456789', ' 0/1'])
    expect(() => lsnNumber(text)).toThrow('expected an LSN such as');
  expect(lsnText(lsnNumber('16/b374d848'))).toBe('16/B374D848');
});
