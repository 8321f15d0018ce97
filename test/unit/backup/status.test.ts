import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import { judgeAge, newestOfEach } from '../../../src/ops/backup/status.ts';
import type { KnownBackup } from '../../../src/ops/backup/verify.ts';

const HOUR = 3_600_000;
const sealed = (database: string, hour: number, type = 'logical', environment = 'prod'): KnownBackup => {
  const snapshotAt = `2026-11-21T${String(hour).padStart(2, '0')}:00:00.000000Z`;
  const id = `${database}-${hour}`;
  return { id, state: 'sealed', manifest: { id, type, environment, snapshotAt, source: { database } } as Manifest };
};

describe('the newest of each', () => {
  it('is by the moment of the data, of each database and of the server', () => {
    const known = [sealed('a', 5), sealed('b', 3), sealed('a', 2), sealed('cluster', 4, 'physical')];
    expect(newestOfEach(known, [])).toEqual([
      { source: 'a', at: '2026-11-21T05:00:00.000000Z' },
      { source: 'b', at: '2026-11-21T03:00:00.000000Z' },
      { source: 'the server', at: '2026-11-21T04:00:00.000000Z' },
    ]);
  });

  it('of one environment does not hide that of another, which stopped', () => {
    const known = [sealed('a', 2), sealed('a', 5, 'logical', 'staging'), sealed('cluster', 3, 'physical')];
    expect(newestOfEach(known, [])).toEqual([
      { source: 'a of prod', at: '2026-11-21T02:00:00.000000Z' },
      { source: 'a of staging', at: '2026-11-21T05:00:00.000000Z' },
      { source: 'the server of prod', at: '2026-11-21T03:00:00.000000Z' },
    ]);
    expect(newestOfEach(known, ['a of staging'])).toEqual([
      { source: 'a of prod', at: '2026-11-21T02:00:00.000000Z' },
      { source: 'the server of prod', at: '2026-11-21T03:00:00.000000Z' },
    ]);
    expect(newestOfEach(known, ['a']).map(({ source }) => source)).toEqual(['the server of prod']);
  });

  it('leaves out what was dropped, and what is broken', () => {
    const known: KnownBackup[] = [sealed('a', 5), sealed('b', 3), { id: 'b-9', state: 'broken', problem: 'changed' }];
    expect(newestOfEach(known, ['b']).map(({ source }) => source)).toEqual(['a']);
    expect(newestOfEach(known, []).map(({ at }) => at)).toEqual(['2026-11-21T05:00:00.000000Z', '2026-11-21T03:00:00.000000Z']);
  });
});

describe('an age', () => {
  it.each<[string, number | null, boolean, string]>([
    ['none', null, false, 'there is none'],
    ['young', HOUR, true, '60 min old'],
    ['of this moment, by a clock that is a little ahead', -60_000, true, '0 min old'],
    ['at the limit', 26 * HOUR, true, '26.0 h old'],
    ['too old', 72 * HOUR, false, '3.0 days old, and 26.0 h is the most'],
    ['of the future', -48 * HOUR, false, 'of a moment that is 2.0 days in the future: a clock is wrong, here or there'],
  ])('%s', (_name, ms, ok, message) => {
    expect(judgeAge(ms, 26 * HOUR)).toEqual({ ok, message });
  });
});
