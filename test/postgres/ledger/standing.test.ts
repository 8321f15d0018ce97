import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Sink } from '../../../src/ops/ledger/sink.ts';
import { FULL, LOG, complaints, ledgerBench } from './support.ts';

/** What verify answers besides tampered, each kept apart from it. */
const bench = ledgerBench(LOG, { settings: { max_prepared_transactions: '4' } });
const insert = (what: string, at = '2026-06-01') => bench.rows('insert into public.log (what, at) values ($1, $2)', [what, at]);
const event = (kind: string, partition: string, reference: string, reason: string) =>
  bench.rows(
    `insert into dbctl.ledger_event (kind, table_name, partition_name, reference, reason) values ($1, 'public.log', $2, $3, $4)`,
    [kind, partition, reference, reason],
  );

/** An interval after which a test need not wait long. */
const SOON = { intervalMs: 20 };

beforeAll(async () => {
  await insert('old', '2020-01-01');
  await insert('new');
  await bench.checkpoint();
});

describe('a partition', () => {
  it('under legal hold is said to be, and verified all the same', async () => {
    await event('held', 'public.log_old', 'case 4711', 'litigation');
    const findings = (await bench.verify()).filter(({ object }) => object === 'public.log_old');
    expect(findings.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      'held: under legal hold: litigation',
      'sealed: as sealed: 1 rows in 1 window',
    ]);
    await event('released', 'public.log_old', 'case 4711', 'settled');
    expect((await bench.verify()).map(({ kind }) => kind)).not.toContain('held');
  });

  it('that is gone without a word is tampering; archived by right it is not', async () => {
    await bench.rows('alter table public.log detach partition public.log_old');
    await bench.rows('drop table public.log_old');
    expect(complaints(await bench.verify())).toEqual([
      'tampered public.log_old: the partition is gone, and nothing says that it was archived',
    ]);
    await event('archived', 'public.log_old', 's3://archive/log_old.parquet', 'older than five years');
    expect(complaints(await bench.verify())).toEqual(['archived public.log_old: archived: s3://archive/log_old.parquet']);
    // Also with a sample only, and the log goes on.
    await insert('later');
    expect(await bench.checkpoint()).toMatchObject({ rows: 1 });
    expect(complaints(await bench.verify({ full: false, newest: 1, sample: 1 }))).toEqual([
      'archived public.log_old: archived: s3://archive/log_old.parquet',
    ]);
  });
});

describe('rows that are not sealed', () => {
  it('are pending while they are young, and unsealed when checkpoints do not come', async () => {
    await insert('young');
    expect((await bench.verify()).find(({ kind }) => kind === 'pending')?.message).toBe('1 rows wait for the next checkpoint');
    await sleep(100);
    const late = complaints(await bench.verify(FULL, undefined, SOON)).filter((text) => text.startsWith('unsealed'));
    expect(late).toHaveLength(1);
    expect(late[0]).toMatch(
      /^unsealed public.log: 1 rows of ended transactions are not sealed, and the last checkpoint is \d+ s old$/,
    );
    await bench.checkpoint();
  });

  it('are not missed when nothing is written: the sign of life is', async () => {
    await sleep(300);
    const said = complaints(await bench.verify(FULL, undefined, SOON)).filter((text) => !text.startsWith('archived'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^suppressed dbctl\/\d+\/postgres\/1: the last checkpoint is \d+ s old; one is due every 0 s$/);
    // After ten intervals without rows a checkpoint is made all the same.
    expect(await bench.checkpoint({ settings: bench.settings(SOON) })).toMatchObject({ kind: 'made', rows: 0, windows: 0 });
  });

  it.each([
    [
      'an open transaction',
      `begin; insert into public.log (what, at) values ('open', '2026-06-02')`,
      'rollback',
      /^horizon pid \d+ \(.*user postgres\): it is open for \d+ s, and nothing that came after it can be sealed$/,
    ],
    [
      'a prepared transaction',
      `begin; insert into public.log (what, at) values ('prepared', '2026-06-02'); prepare transaction 'forgotten'`,
      `rollback prepared 'forgotten'`,
      /^horizon prepared transaction forgotten \(user postgres, database postgres\): it is open for \d+ s/,
    ],
  ])('behind %s: its owner is named', async (_name, begin, end, said) => {
    const other = await bench.connect();
    for (const statement of begin.split('; ')) await other.query(statement);
    await insert('behind it');
    await sleep(300);
    await bench.checkpoint({ settings: bench.settings(SOON) });
    const found = complaints(await bench.verify(FULL, undefined, SOON)).filter((text) => text.startsWith('horizon'));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(said);
    await other.query(end);
    expect(await bench.checkpoint()).toMatchObject({ rows: 1 });
    expect(complaints(await bench.verify()).filter((text) => !text.startsWith('archived'))).toEqual([]);
  });
});

describe('a sink', () => {
  it('that fails holds up no other, is named, and is caught up', async () => {
    const [one, two] = bench.sinks() as [Sink, Sink];
    await insert('while one is away');
    const away: Sink = { ...one, publish: () => Promise.reject(new Error('no route to host')) };
    const made = await bench.checkpoint({ sinks: [away, two] });
    expect(made.published.map(({ sink, problem }) => [sink, problem])).toEqual([
      ['one', 'no route to host'],
      ['two', null],
    ]);
    const said = complaints(await bench.verify()).filter((text) => !text.startsWith('archived'));
    expect(said).toEqual([`unpublished one: 1 notes were not published there, the first is ${made.sequence}`]);
    expect((await bench.checkpoint()).published).toEqual([{ sequence: made.sequence, sink: 'one', problem: null }]);
    expect(complaints(await bench.verify()).filter((text) => !text.startsWith('archived'))).toEqual([]);
  });
});
