import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { microseconds, parseRecoveryTarget, recoverySettings, timeText } from '../../../src/ops/restore/recovery-target.ts';
import { reachOf, wayFrom } from '../../../src/ops/restore/replay.ts';
import { parseHistory } from '../../../src/ops/wal/history.ts';
import { segmentName } from '../../../src/ops/wal/segment.ts';

describe('a point', () => {
  it.each([
    ['2026-11-21T06:00Z', { kind: 'time', time: '2026-11-21T06:00:00.000000Z' }],
    ['2026-11-21 06:00:01.5+02', { kind: 'time', time: '2026-11-21T04:00:01.500000Z' }],
    ['2026-11-21T06:00:00.123456-05:30', { kind: 'time', time: '2026-11-21T11:30:00.123456Z' }],
    ['2026-11-21T06:00+0100', { kind: 'time', time: '2026-11-21T05:00:00.000000Z' }],
    ['1f/18000120', { kind: 'lsn', lsn: '1F/18000120' }],
    ['name:before_release', { kind: 'name', name: 'before_release' }],
    ['latest', { kind: 'latest' }],
  ])('%s', (text, target) => {
    expect(parseRecoveryTarget(text)).toEqual(target);
  });

  it.each([
    '',
    'now',
    '2026-11-21',
    '2026-11-21T06:00',
    '2026-13-21T06:00Z',
    '06:00Z',
    '0',
    '0/',
    '123456789/0',
    'name:',
    `name:${'x'.repeat(64)}`,
    'Latest',
  ])('%j is none', (text) => {
    const refused = () => parseRecoveryTarget(text);
    expect(refused).toThrow(DbctlError);
    expect(refused).toThrow(`--to takes a time with its zone, an LSN, name:POINT or latest, not ${text}`);
  });

  it('keeps its microseconds both ways', () => {
    for (const time of ['2026-11-21T06:00:00.123456Z', '1999-12-31T23:59:59.999999Z'])
      expect(timeText(microseconds(time))).toBe(time);
  });

  it('is told to the server in words it takes, quotes doubled', () => {
    const settings = recoverySettings({ kind: 'name', name: "o'clock" }, 3, '/var/lib/wal');
    expect(settings).toContain("recovery_target_name = 'o''clock'");
    expect(settings).toContain("recovery_target_timeline = '3'");
    expect(settings).toContain(`restore_command = 'cp "/var/lib/wal/%f" "%p"'`);
    // With a zone in letters the server does not start: it has not read its list of them yet.
    expect(recoverySettings({ kind: 'time', time: '2026-11-21T06:00:00.000000Z' }, 1, '/wal')).toContain(
      "recovery_target_time = '2026-11-21 06:00:00.000000+00'",
    );
  });
});

describe('how far an archive reaches', () => {
  const segmentBytes = 16 * 1024 * 1024;
  const at = (number: number, timeline = 1) => segmentName(timeline, BigInt(number * segmentBytes), segmentBytes);
  const run = (first: number, last: number, timeline = 1) =>
    Array.from({ length: last - first + 1 }, (_, n) => at(first + n, timeline));
  const backup = { id: 'b', endLsn: '0/5000120', timeline: 1 };
  const reach = (names: readonly string[], histories = new Map<number, ReturnType<typeof parseHistory>>(), timeline?: number) => {
    const { stretches } = wayFrom(backup, timeline, histories);
    return stretches === null ? null : reachOf(backup, stretches, { names, segmentBytes });
  };

  it('is up to its end, or up to a gap', () => {
    expect(reach(run(3, 8))).toEqual({ segments: run(5, 8), gap: null });
    expect(reach([...run(3, 6), ...run(8, 9)])).toEqual({ segments: run(5, 6), gap: at(7) });
    expect(() => reach(run(6, 9))).toThrow(`the archive lacks ${at(5)}, in which b ends`);
  });

  it('goes over to a later timeline where that one begins, and does not take what was left behind for a gap', () => {
    const history = parseHistory('00000002.history', '1\t0/7000500\tat restore point "x"\n');
    const names = [...run(5, 20), ...run(7, 9, 2), '00000002.history'];
    expect(reach(names, new Map([[2, history]]))).toEqual({ segments: [...run(5, 6), ...run(7, 9, 2)], gap: null });
    expect(reach([...run(5, 6), ...run(8, 9, 2)], new Map([[2, history]]))).toEqual({ segments: run(5, 6), gap: at(7, 2) });
    expect(reach(names, new Map([[2, history]]), 1)).toEqual({ segments: run(5, 20), gap: null });
    // A timeline that began before the backup ended is not on its way.
    expect(reach(names, new Map([[2, parseHistory('h', '1 0/4000000 x')]]))).toBeNull();
    expect(reach(names, new Map(), 9)).toBeNull();
  });

  it('over three timelines, each from where the one before was left', () => {
    const histories = new Map([
      [2, parseHistory('h', '1 0/7000500 x')],
      [3, parseHistory('h', '1 0/7000500 x\n2 0/9000000 y')],
    ]);
    expect(reach([...run(5, 7), ...run(7, 8, 2), ...run(9, 10, 3)], histories)).toEqual({
      segments: [...run(5, 6), ...run(7, 8, 2), ...run(9, 10, 3)],
      gap: null,
    });
  });

  it('is not read from a history that is none', () => {
    expect(() => parseHistory('00000002.history', 'nonsense')).toThrow(
      '00000002.history has a line that is no switch of timelines: nonsense',
    );
  });
});
