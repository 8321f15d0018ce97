import { describe, expect, it } from 'vitest';
import type { PartitionFacts, SegmentFacts, TableFacts } from '../../../src/ops/retention/archiving/facts.ts';
import { backlogOf, planTable, planText } from '../../../src/ops/retention/archiving/plan.ts';
import { segmentName } from '../../../src/ops/retention/archiving/copy.ts';

const SEGMENT: SegmentFacts = {
  segment: 'lab-1',
  rows: 10,
  coldBytes: 100,
  uri: '/cold/lab-1',
  manifestSha256: 'a'.repeat(64),
  exportedBy: 'ann',
  exportedAt: '2026-11-01T00:00:00Z',
  detail: {},
  isBehindFence: true,
  backUntil: null,
  isVerified: false,
  problems: [],
};
const PARTITION: PartitionFacts = {
  oid: 1,
  name: 'app.log_1',
  sql: 'app.log_1',
  bound: '',
  isDefault: false,
  isPending: false,
  hotBytes: 1000,
  rows: 10,
  oldest: '2024-01-01T00:00:00Z',
  newest: '2024-01-31T00:00:00Z',
  isAged: true,
  lateSeconds: 60,
  promised: null,
  holds: [],
  referrers: [],
  dependants: [],
  isFenced: false,
  virtualColumns: [],
  ledger: null,
  segment: null,
};
const plan = (changes: Partial<PartitionFacts>, segment?: Partial<SegmentFacts>) => {
  const facts = { ...PARTITION, ...changes, ...(segment === undefined ? {} : { segment: { ...SEGMENT, ...segment } }) };
  const table: TableFacts = { oid: 1, keyColumn: 'at', cutOff: '', said: null, holds: [], partitions: [facts], younger: 0 };
  return planTable(table);
};
const LEDGER = { windows: 3, isSealed: true, isPublished: true };

describe('what is next for a partition', () => {
  it.each<[string, Partial<PartitionFacts>, Partial<SegmentFacts> | undefined, string, string]>([
    ['old enough', {}, undefined, 'copy', 'the next run copies it: it is old enough'],
    [
      'fenced by a run that was killed',
      { isFenced: true },
      undefined,
      'copy',
      'the next run copies it: it is fenced, and no copy of it was recorded',
    ],
    [
      'copied',
      { isFenced: true },
      {},
      'wait',
      'copied to /cold/lab-1 by ann; waits until somebody else has read it back: dbctl retention verify --record',
    ],
    [
      'verified',
      { isFenced: true },
      { isVerified: true },
      'remove',
      'copied to /cold/lab-1 and read back: the next run removes it',
    ],
    [
      'copied, its fence taken away',
      {},
      { isVerified: true },
      'copy',
      'the next run copies it: the fence of its last copy was taken away',
    ],
    [
      'copied behind another fence',
      { isFenced: true },
      { isVerified: true, isBehindFence: false },
      'copy',
      'the next run copies it: the fence of its last copy was taken away',
    ],
    [
      'refused by the database',
      { isFenced: true },
      { isVerified: true, problems: ['it is not old enough'] },
      'stay',
      'stays: it is not old enough',
    ],
    [
      'held, though verified',
      { isFenced: true, holds: [3, 4] },
      { isVerified: true },
      'stay',
      'stays: legal holds 3, 4 are on rows of it',
    ],
    [
      'back from its copy',
      { isFenced: true, holds: [3] },
      { backUntil: '2026-12-24T00:00:00Z' },
      'stay',
      'stays: it came back from its copy, until 2026-12-24T00:00:00Z',
    ],
    ['held', { holds: [3] }, undefined, 'stay', 'stays: legal hold 3 is on rows of it'],
    ['with a younger row', { isAged: false }, undefined, 'stay', 'stays: a row of it is not old enough'],
    [
      'of the default',
      { isDefault: true },
      undefined,
      'stay',
      'stays: it is the default partition, and rows of that age are in it: they leave when they are in a partition of their time',
    ],
    [
      'half detached',
      { isPending: true },
      undefined,
      'stay',
      'stays: a detach … concurrently of it did not end: its rows are out of sight, and not gone',
    ],
    [
      'referred to by two, though verified',
      {
        isFenced: true,
        referrers: [
          { name: 'a_key', table: 'app.a', how: 'rows', fix: '' },
          { name: 'b_key', table: 'app.b', how: 'itself', fix: '' },
        ],
      },
      { isVerified: true },
      'stay',
      'stays: rows of app.a refer to it (a_key): the server detaches no partition with such rows; app.b refers to this very partition (b_key): the server drops no table that a key refers to',
    ],
    [
      'read by a view, and in a publication',
      {
        dependants: [
          { what: 'view app.v', how: 'blocks', fix: '' },
          { what: 'publication p', how: 'lost', fix: '' },
        ],
      },
      undefined,
      'stay',
      'stays: view app.v depends on this very partition: the server drops no table that something depends on',
    ],
    [
      'in a publication',
      { dependants: [{ what: 'publication p', how: 'lost', fix: '' }] },
      undefined,
      'copy',
      'the next run copies it: it is old enough',
    ],
    [
      'with a virtual column',
      { virtualColumns: ['v'] },
      undefined,
      'stay',
      'stays: v is a virtual column, of which a copy has no values',
    ],
    ['sealed', { ledger: LEDGER }, undefined, 'copy', 'the next run copies it: it is old enough'],
    [
      'not sealed',
      { ledger: { ...LEDGER, isSealed: false } },
      undefined,
      'stay',
      'stays: the ledger has not sealed all of its rows',
    ],
    [
      'not published',
      { ledger: { ...LEDGER, isPublished: false } },
      undefined,
      'stay',
      'stays: not every window of it is published outside the database',
    ],
  ])('%s', (_what, changes, segment, step, text) => {
    const [only] = plan(changes, segment);
    expect(only === undefined ? null : [only.step, planText(only)]).toEqual([step, text]);
  });

  it('is a backlog where it could go, and held where a hold keeps it', () => {
    expect(backlogOf([...plan({}), ...plan({ lateSeconds: 90, oldest: '2023-01-01T00:00:00Z' })])).toMatchObject({
      rows: 20,
      bytes: 2000,
      oldest: '2023-01-01T00:00:00Z',
      lateSeconds: 90,
      held: 0,
    });
    expect(backlogOf(plan({ holds: [1] }))).toMatchObject({ rows: 0, oldest: null, lateSeconds: 0, held: 10 });
    expect(backlogOf(plan({ promised: '10 years' }))).toMatchObject({ rows: 0, held: 0 });
  });
});

it.each([
  ['Lab-audit.Log_1-16423-csv-1f0c', 'lab-audit.log_1-16423-csv-1f0c'],
  ['_lab-app.log-1-csv-1f0c', 'lab-app.log-1-csv-1f0c'],
  [`${'a'.repeat(300)}-1-csv-1f0c`, `${'a'.repeat(169)}-1-csv-1f0c`],
])('the name of a segment has letters the table takes: %s', (archive, segment) => {
  expect(segmentName(archive)).toBe(segment);
  expect(segment).toMatch(/^[a-z0-9][a-z0-9._-]{7,199}$/);
});
