import { describe, expect, it } from 'vitest';
import type { PhysicalManifest } from '../../../src/ops/backup/manifest.ts';
import type { KnownBackup } from '../../../src/ops/backup/verify.ts';
import { planWalPrune } from '../../../src/ops/wal/prune.ts';

const SIZE = 16 << 20;
const segment = (timeline: number, number: number): string =>
  `0000000${timeline}00000000000000${number.toString(16).padStart(2, '0').toUpperCase()}`;
const run = (timeline: number, first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => segment(timeline, first + index));
const physical = (id: string, startLsn: string, timeline = 1, systemIdentifier: string | null = '7'): KnownBackup => ({
  id,
  state: 'sealed',
  manifest: { id, type: 'physical', startLsn, timeline, source: { systemIdentifier } } as PhysicalManifest,
});
const logical: KnownBackup = { id: 'dump', state: 'sealed', manifest: { id: 'dump', type: 'logical' } as never };
const going = (names: readonly string[], kept: readonly KnownBackup[]): string[] => {
  const sizes = new Map(names.map((name) => [name, 100]));
  const plan = planWalPrune({ names, sizes, system: { identifier: '7', segmentBytes: SIZE } }, kept);
  expect(plan.bytes).toBe(plan.remove.length * 100);
  return [...plan.remove];
};

describe('of the log goes', () => {
  it.each<[string, string[], KnownBackup[], string[]]>([
    ['what is before the segment a backup begins in', run(1, 1, 9), [physical('a', '0/5000028')], run(1, 1, 4)],
    ['nothing of the segment a backup begins at the end of', run(1, 1, 9), [physical('a', '0/5FFFFFF')], run(1, 1, 4)],
    [
      'what no backup needs, whatever their order',
      run(1, 1, 9),
      [physical('b', '0/8000028'), physical('a', '0/3000028')],
      run(1, 1, 2),
    ],
    ['nothing without a physical backup', run(1, 1, 9), [logical], []],
    ['nothing for a backup of another server alone', run(1, 1, 9), [physical('a', '0/8000028', 1, '8')], []],
    [
      'what the own one does not need, beside one of another server',
      run(1, 1, 9),
      [physical('a', '0/1000028', 1, '8'), physical('b', '0/4000028')],
      run(1, 1, 3),
    ],
    [
      'nothing that one of an unknown server may need',
      run(1, 1, 9),
      [physical('a', '0/2000028', 1, null), physical('b', '0/4000028')],
      [segment(1, 1)],
    ],
    [
      'nothing while one is broken',
      run(1, 1, 9),
      [physical('a', '0/8000028'), { id: 'x', state: 'broken', problem: 'no seal' }],
      [],
    ],
    [
      'the same part of every timeline, oldest first, and no history',
      ['00000002.history', ...run(1, 1, 5), ...run(2, 3, 9)],
      [physical('a', '0/5000028', 2)],
      [segment(1, 1), segment(1, 2), segment(1, 3), segment(2, 3), segment(1, 4), segment(2, 4)],
    ],
    [
      'nothing of an old timeline that an old backup begins on',
      ['00000002.history', ...run(1, 1, 5), ...run(2, 3, 9)],
      [physical('a', '0/2000028', 1), physical('b', '0/7000028', 2)],
      [segment(1, 1)],
    ],
    [
      'with them what lies beside a segment',
      [`${segment(1, 2)}.00000028.backup`, `${segment(1, 3)}.partial`, `${segment(1, 6)}.00000028.backup`, ...run(1, 2, 6)],
      [physical('a', '0/6000028')],
      [
        `${segment(1, 2)}.00000028.backup`,
        segment(1, 2),
        `${segment(1, 3)}.partial`,
        segment(1, 3),
        segment(1, 4),
        segment(1, 5),
      ],
    ],
    [
      'what has been written beyond 4 GB before',
      ['0000000100000001000000FF', '000000010000000200000000'],
      [physical('a', '2/28')],
      ['0000000100000001000000FF'],
    ],
  ])('%s', (_name, names, kept, expected) => {
    expect(going(names.toSorted(), kept).toSorted()).toEqual(expected.toSorted());
  });

  it('the oldest first, so that a run that is killed leaves no hole', () => {
    const positions = going([...run(2, 1, 4), ...run(1, 1, 4)], [physical('a', '0/9000028')]).map((name) => name.slice(8));
    expect(positions).toEqual(positions.toSorted());
  });
});
