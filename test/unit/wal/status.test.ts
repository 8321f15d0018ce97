import { describe, expect, it } from 'vitest';
import { adviseRetention, type AdviceFacts } from '../../../src/ops/wal/advice.ts';
import { findBorderGaps, missingHistories } from '../../../src/ops/wal/borders.ts';
import { parseHistory } from '../../../src/ops/wal/history.ts';
import { judgeServer, lagOf } from '../../../src/ops/wal/judge.ts';
import type { ServerWal } from '../../../src/ops/wal/server.ts';
import type { SlotFact } from '../../../src/ops/wal/slots.ts';

const SIZE = 16 << 20;
const GB = 1024 ** 3;
const segment = (timeline: number, number: number): string =>
  `0000000${timeline}00000000000000${number.toString(16).padStart(2, '0').toUpperCase()}`;
const run = (timeline: number, first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => segment(timeline, first + index));

describe('gaps where one timeline goes over into the next', () => {
  /** 2 left 1 within segment 5; 3 left 2 between segments 7 and 8. */
  const two = parseHistory('00000002.history', '1\t0/5800000\tpromoted\n');
  const three = parseHistory('00000003.history', '1\t0/5800000\tpromoted\n2\t0/8000000\tpromoted\n');
  const histories = new Map([
    [2, two],
    [3, three],
  ]);

  it.each<[string, string[], string[]]>([
    ['there is none', [...run(1, 1, 4), ...run(2, 5, 7), ...run(3, 8, 9)], []],
    ['the old timeline goes on after it was left', [...run(1, 1, 9), ...run(2, 5, 7), ...run(3, 8, 9)], []],
    ['the archive begins on the second', [...run(2, 6, 7), ...run(3, 8, 9)], []],
    ['the end of the first is missing', [...run(1, 1, 2), ...run(2, 5, 7)], ['1 3-4']],
    ['the beginning of the second is missing', [...run(1, 1, 4), ...run(2, 7, 7)], ['2 5-6']],
    ['both are', [...run(1, 1, 2), ...run(2, 7, 7)], ['1 3-4', '2 5-6']],
    ['a whole timeline is', [...run(1, 1, 4), ...run(3, 8, 9)], ['2 5-7']],
    ['a past is missing that two timelines share', [...run(1, 1, 2), ...run(2, 5, 8), ...run(3, 8, 9)], ['1 3-4']],
  ])('%s', (_name, names, expected) => {
    const found = findBorderGaps(names, SIZE, histories).map(
      ({ timeline, first, last }) => `${timeline} ${Number.parseInt(first.slice(-2), 16)}-${Number.parseInt(last.slice(-2), 16)}`,
    );
    expect(found).toEqual(expected);
  });

  it('and the files that say where', () => {
    expect(missingHistories([...run(1, 1, 2), ...run(2, 3, 4), ...run(3, 5, 5), '00000003.history'])).toEqual([2]);
  });
});

const SLOT: SlotFact = {
  name: 'dbctl',
  type: 'physical',
  active: true,
  restartLsn: '0/5000000',
  retainedBytes: 40 << 20,
  walStatus: 'reserved',
  safeBytes: null,
  invalidation: null,
};

const SERVER: ServerWal = {
  systemIdentifier: '7',
  standby: false,
  lsn: '0/6400000',
  timeline: 1,
  archiver: {
    mode: 'on',
    lastArchived: segment(1, 5),
    lastArchivedSeconds: 30,
    failed: 0,
    lastFailed: null,
    lastFailedSeconds: null,
    timeoutSeconds: 0,
  },
  folder: { bytes: 80 << 20, ready: 0, newestReady: null },
  slots: [SLOT],
  slotLimitBytes: null,
  maxWalBytes: GB,
  rate: { bytes: 0, seconds: 0 },
};
const ARCHIVE = { system: { identifier: '7', segmentBytes: SIZE }, names: run(1, 1, 5), sizes: new Map<string, number>() };
const LIMITS = { lagBytes: 64 << 20, slotBytes: GB, user: 'alice' };

describe('what the server says', () => {
  const judged = (change: Partial<ServerWal>, id: string): string => {
    const items = judgeServer({ ...SERVER, ...change }, ARCHIVE, LIMITS);
    return items
      .filter((one) => one.id === id)
      .map(({ status, message }) => `${status}: ${message}`)
      .join('; ');
  };
  const archiver = (change: Partial<ServerWal['archiver']>) =>
    judged({ archiver: { ...SERVER.archiver, ...change } }, 'archiver');
  const slot = (change: Partial<SlotFact>) => judged({ slots: [{ ...SLOT, ...change }] }, 'slot');

  it.each<[() => string, string]>([
    [() => archiver({}), `pass: ${segment(1, 5)} was archived 30 s ago`],
    [() => archiver({ mode: 'off' }), 'pass: archive_mode is off: wal receive has to fill the archive'],
    [() => archiver({ lastArchivedSeconds: null }), 'pass: nothing was archived yet'],
    [
      () => archiver({ failed: 3, lastFailed: segment(1, 6), lastFailedSeconds: 5, lastArchivedSeconds: 7_300 }),
      `fail: fails, 5 s ago with ${segment(1, 6)}, 3 times in all; nothing was archived for 2.0 h`,
    ],
    [
      () => archiver({ failed: 1, lastFailed: segment(1, 1), lastFailedSeconds: 5, lastArchivedSeconds: null }),
      `fail: fails, 5 s ago with ${segment(1, 1)}, once in all; nothing was archived yet`,
    ],
    [
      () => archiver({ failed: 3, lastFailed: segment(1, 4), lastFailedSeconds: 60 }),
      `pass: ${segment(1, 5)} was archived 30 s ago; failed 3 times before`,
    ],
    [() => judged({}, 'pg-wal'), 'pass: nothing waits to be archived; the folder has 80 MB'],
    [
      () => judged({ folder: { bytes: GB * 20, ready: 9, newestReady: segment(1, 15) } }, 'pg-wal'),
      `fail: 9 files wait to be archived, the newest ${segment(1, 15)}; the folder has 20 GB`,
    ],
    [() => judged({ folder: null }, 'pg-wal'), 'unknown: the role may not look into pg_wal'],
    [() => judged({}, 'lag'), 'pass: 4096 kB behind the server, which is at 0/6400000'],
    [() => judged({ lsn: '0/B000000' }, 'lag'), 'fail: 80 MB behind the server, which is at 0/B000000; 64 MB is the most'],
    [() => judged({ systemIdentifier: '8' }, 'server'), 'fail: the archive is of server 7, and this is 8'],
    [() => slot({}), 'pass: holds 40 MB (physical, active)'],
    [
      () => slot({ safeBytes: 4 * GB, active: false }),
      'pass: holds 40 MB (physical, nobody uses it); is cut off after 4096 MB more',
    ],
    [
      () => slot({ retainedBytes: 30 * GB, active: false }),
      'fail: holds 30 GB (physical, nobody uses it), and 1024 MB is the most',
    ],
    [() => slot({ walStatus: 'unreserved' }), 'fail: holds 40 MB (physical, active): the next checkpoint may throw that away'],
    [() => slot({ walStatus: 'lost' }), 'fail: has lost its log (wal_removed): whoever reads from it has to begin anew'],
  ])('%#', (found, expected) => {
    expect(found()).toBe(expected);
  });

  it('of an empty archive there is no lag to be told', () => {
    expect(lagOf(SERVER, { ...ARCHIVE, names: [] })).toBeNull();
    // What a later timeline has is not behind this one.
    expect(lagOf(SERVER, { ...ARCHIVE, names: [...run(1, 1, 5), segment(2, 9)] })).toBe(4 << 20);
  });
});

describe('advice', () => {
  const facts: AdviceFacts = {
    rate: { bytes: 10 * GB, seconds: 36_000 },
    maxWalBytes: GB,
    outageSeconds: 12 * 3_600,
    walDiskBytes: null,
    freeBytes: 48 * GB,
    storedBytes: SIZE / 4,
    segmentBytes: SIZE,
  };

  it('is what was measured, twice, for the outage', () => {
    expect(adviseRetention(facts)).toEqual({
      bytesPerHour: GB,
      maxSlotWalKeepSize: '24576MB',
      walKeepSize: '2048MB',
      tooMuchBytes: null,
      // A gigabyte an hour, a quarter of it stored, 48 free.
      archiveDays: 8,
    });
  });

  it('leaves half of the disk, and says what does not fit', () => {
    expect(adviseRetention({ ...facts, walDiskBytes: 20 * GB })).toMatchObject({
      maxSlotWalKeepSize: '9216MB',
      tooMuchBytes: 24 * GB,
    });
  });

  it('is never less than a gigabyte, and knows no days where nothing was measured', () => {
    const quiet = { ...facts, rate: { bytes: 0, seconds: 0 }, freeBytes: null };
    expect(adviseRetention(quiet)).toMatchObject({ maxSlotWalKeepSize: '1024MB', walKeepSize: '1024MB', archiveDays: null });
  });
});
