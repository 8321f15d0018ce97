import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../src/core/fingerprint.ts';
import type { Severity, Status } from '../../../src/core/report.ts';
import { difference } from '../../../src/ops/verify/diff.ts';
import type { SavedItem, SavedReport } from '../../../src/ops/verify/saved-report.ts';

const item = (status: Status, severity: Severity = 'high', id = 'a', object = 'x'): SavedItem => ({
  id,
  object,
  status,
  severity,
  message: 'm',
  fix: null,
  fingerprint: fingerprint(id, object),
  group: '',
});
const report = (...items: SavedItem[]): SavedReport => ({
  file: 'a.json',
  startedAt: '2026-11-20T10:00:00.000Z',
  target: null,
  project: 'shop',
  items,
});
const other = item('pass', 'low', 'b');
const notice = { ...item('fail', 'low', 'waiver-unused', 'a:*'), group: 'waivers' };

describe('the difference of two reports', () => {
  it.each<[string, SavedItem[], SavedItem[], [string | undefined, string | undefined][], boolean]>([
    ['nothing', [item('fail')], [item('fail')], [], true],
    ['a finding', [item('pass', 'high', 'a', '')], [item('fail')], [['new', 'fail']], false],
    [
      'a finding of a check there was not',
      [other],
      [other, item('fail')],
      [
        ['check-added', 'pass'],
        ['new', 'fail'],
      ],
      false,
    ],
    ['a waived finding', [item('pass')], [item('waived', 'high', 'a', 'y')], [['new-waived', 'waived']], true],
    ['a finding gone', [item('fail'), item('fail', 'high', 'a', 'y')], [item('fail')], [['gone', 'pass']], true],
    ['a worse one', [item('fail', 'low')], [item('fail', 'critical')], [['risen', 'fail']], false],
    ['a better one', [item('fail', 'critical')], [item('fail', 'low')], [['fallen', 'pass']], true],
    ['a waiver', [item('fail')], [item('waived')], [['now-waived', 'waived']], true],
    ['the end of a waiver', [item('waived')], [item('fail')], [['counts-again', 'fail']], false],
    ['sight lost over a pass', [item('pass')], [item('unknown')], [['lost-sight', 'unknown']], false],
    ['sight lost over a finding', [item('fail')], [item('unknown')], [['lost-sight', 'unknown']], false],
    ['sight come back', [item('unknown')], [item('pass')], [['sight-regained', 'pass']], true],
    ['a check skipped', [item('pass')], [item('skipped')], [['left-out', 'fail']], false],
    ['a check dropped', [item('pass'), other], [other], [['left-out', 'fail']], false],
    ['a check dropped that never looked', [item('unknown'), other], [other], [['check-removed', 'skipped']], true],
    ['a check added', [other], [other, item('pass')], [['check-added', 'pass']], true],
    ['a check added that cannot look', [other], [other, item('unknown')], [['check-added', 'unknown']], true],
    ['a waiver that covers nothing', [item('pass')], [item('pass'), notice], [['new', 'fail']], false],
    ['the end of one', [item('pass'), notice], [item('pass')], [['gone', 'pass']], true],
  ])('%s', (_, before, after, changes, ok) => {
    const found = difference(report(...before), report(...after));
    expect(found.items.map(({ change, status }) => [change, status])).toEqual(changes);
    expect(found.ok).toBe(ok);
  });

  it('says which databases it compares when they are not the same', () => {
    expect(difference(report(), { ...report(), project: 'bank' }).notes).toEqual([
      'This compares project shop with project bank.',
    ]);
  });
});
