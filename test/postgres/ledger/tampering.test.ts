import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { databaseUrl, onServer } from '../../support/connection.ts';
import { folderSink } from '../../../src/ops/ledger/sink-folder.ts';
import { verifyLedger } from '../../../src/ops/ledger/verify.ts';
import type { Finding } from '../../../src/ops/ledger/finding.ts';
import { FULL, complaints, ledgerBench } from './support.ts';

const bench = ledgerBench();

beforeAll(async () => {
  for (let round = 1; round <= 4; round += 1) {
    await bench.rows(
      `insert into public.log (what, at) select 'row ' || n, '2026-06-01'::timestamptz + n * interval '1 s' from generate_series(1, 25) n`,
    );
    await bench.checkpoint();
  }
  await bench.client.end();
});

const url = (database: string) => databaseUrl(bench.server.url(), database);

/** What verify says of a copy in which a superuser did this, with the guards out of the way. */
async function after(statements: readonly string[]): Promise<Finding[]> {
  await onServer(url('template1'), 'drop database if exists tampered with (force)', 'create database tampered template postgres');
  await onServer(url('tampered'), ...statements);
  return bench.verify(FULL, bench.server.target('tampered'));
}

/** The ledger's own tables are guarded, too: only catalogs or a disabled trigger get past that. */
const unguarded = (statement: string) => [
  'set session_replication_role = replica',
  'alter table dbctl.ledger_window disable trigger user',
  'alter table dbctl.ledger_checkpoint disable trigger user',
  statement,
];

describe('verify after a superuser', () => {
  it.each([
    [
      'edited a row',
      [
        `update public.log set what = 'other' where id = (select id from public.log where recorded_xid = (select min(recorded_xid) from public.log) order by id limit 1)`,
      ],
      /^tampered public.log_new: window 0 of checkpoint 1 \(transactions 0 to \d+, 25 rows\): a row has another content; 1 rows in it were written after it was sealed$/,
    ],
    [
      'deleted a row of the third window',
      [
        `delete from public.log where ctid = (select ctid from public.log where recorded_xid >= (select lo from dbctl.ledger_window where position = 2) limit 1)`,
      ],
      /^tampered public.log_new: window 2 of checkpoint 3 \(.*\): 1 rows are missing$/,
    ],
    [
      'swapped two rows',
      [
        `with two as (select id, what, row_number() over (order by id) as n from public.log order by id limit 2)
         update public.log l set what = (select o.what from two o where o.n = 3 - t.n) from two t where t.id = l.id`,
      ],
      /^tampered public.log_new: window 0 of checkpoint 1 .*: a row has another content; 2 rows/,
    ],
    [
      'put in a row with the id of an old transaction',
      [`insert into public.log (what, at, recorded_xid) select 'forged', '2026-06-01', min(recorded_xid) from public.log`],
      /^tampered public.log_new: window 0 of checkpoint 1 .*: 1 rows are too many; 1 rows in it were written after/,
    ],
    [
      'put an old row into a partition that had none',
      [`insert into public.log (what, at, recorded_xid) select 'forged', '2020-06-01', min(recorded_xid) from public.log`],
      /^tampered public.log_old: 1 rows of sealed transactions are in no window: they were put in later$/,
    ],
    [
      'put in a row of a transaction to come',
      [`insert into public.log (what, at, recorded_xid) values ('forged', '2026-06-01', '99999999')`],
      /^tampered public.log_new: 1 rows name transactions that have not begun, the first 99999999$/,
    ],
    [
      'emptied a partition',
      ['truncate public.log_new'],
      /^tampered public.log_new: window 0 of checkpoint 1 .*: 25 rows are missing$/,
    ],
    [
      'changed what a column is called',
      ['alter table public.log rename column what to "what is"', 'alter table public.log add column what text'],
      /^tampered public.log_new: window 0/,
    ],
  ] as const)('%s finds it', async (_, statements, said) => {
    const found = complaints(await after(statements));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(said);
  });

  it('names the rows that were written after their window was sealed', async () => {
    const found = await after([`update public.log set what = 'x' where id = (select id from public.log order by id limit 1)`]);
    const tampered = found.find(({ kind }) => kind === 'tampered');
    const [suspect] = (tampered?.detail['suspects'] ?? []) as { id: string }[];
    const client = await bench.connect();
    const { rows } = await client.query<{ id: string }>('select id from public.log order by id limit 1');
    await client.end();
    expect(suspect?.id).toBe(rows[0]?.id);
  });

  it.each([
    [
      'changed a window',
      `update dbctl.ledger_window set rows = 24 where position = 1`,
      /^tampered dbctl\/\d+\/postgres\/1: checkpoint 2: the windows do not have its root/,
    ],
    [
      'deleted a window',
      'delete from dbctl.ledger_window where position = 1',
      /^tampered dbctl.*: checkpoint 2: window 1 is missing$/,
    ],
    [
      'changed a note',
      `update dbctl.ledger_checkpoint set note = replace(note, 'epoch 1', 'epoch 2') where sequence = 2`,
      /^tampered dbctl.*: checkpoint 2: the note is not to be trusted: the signature of test-ledger does not fit its text$/,
    ],
    [
      'changed a root',
      `update dbctl.ledger_checkpoint set root = sha256('x') where sequence = 3`,
      /^tampered dbctl.*: checkpoint 3: its note says another root than the table$/,
    ],
    [
      'changed a bound',
      `update dbctl.ledger_checkpoint set hi = '99999' where sequence = 4`,
      /^tampered dbctl.*: checkpoint 4: its note says another xid than the table$/,
    ],
  ] as const)('who %s finds it', async (_, statement, said) => {
    const found = complaints(await after(unguarded(statement)));
    expect(found.filter((text) => said.test(text))).toHaveLength(1);
  });

  it.each([
    'update dbctl.ledger_event set reason = null',
    'delete from dbctl.ledger_epoch',
    'truncate dbctl.ledger_checkpoint cascade',
  ])('is refused by the ledger’s own guards: %s', async (sql) => {
    await expect(onServer(url('postgres'), sql)).rejects.toMatchObject({ code: expect.stringMatching(/^IM00[12]$/) as string });
  });
});

describe('the copies outside', () => {
  it('tell a log that a thief of the key wrote and signed anew, also after it went on for a while', async () => {
    await onServer(url('template1'), 'drop database if exists forged with (force)', 'create database forged template postgres');
    const forged = bench.server.target('forged');
    await onServer(
      url('forged'),
      'set session_replication_role = replica',
      ...['epoch', 'checkpoint', 'window', 'receipt'].map((name) => `alter table dbctl.ledger_${name} disable trigger user`),
      'truncate dbctl.ledger_epoch, dbctl.ledger_checkpoint, dbctl.ledger_window, dbctl.ledger_receipt',
      `delete from public.log where what = 'row 7'`,
    );
    // Without sinks nobody tells: as many checkpoints as before, with the same key. Then their receipts are forged.
    for (let made = 0; made < 4; made += 1) {
      await bench.checkpoint({ sinks: [], settings: bench.settings({ intervalMs: 0 }) }, forged);
    }
    await onServer(
      url('forged'),
      `insert into dbctl.ledger_receipt (sequence, sink, reference) select n, s, 'here' from generate_series(1, 4) n, unnest(array['one', 'two']) s`,
    );
    expect(complaints(await bench.verify(FULL, forged))).toEqual([
      'tampered one: its checkpoint 4 is another than the database’s',
      'tampered two: its checkpoint 4 is another than the database’s',
    ]);
    await expect(bench.checkpoint({}, forged)).rejects.toThrow(/^checkpoint 4 was published as another one: /);

    // Somebody publishes the next one by hand: the latest notes are the same again, the old ones are not.
    await bench.checkpoint({ sinks: [], settings: bench.settings({ intervalMs: 0 }) }, forged);
    const [next] = await bench.session(
      (session) => session.rows<{ note: string }>('select note from dbctl.ledger_checkpoint where sequence = 5'),
      forged,
    );
    const folder = join(bench.folder, 'forged');
    cpSync(join(bench.folder, 'one'), folder, { recursive: true });
    writeFileSync(join(folder, '0000000', '0000000005.note'), next?.note ?? '');
    await onServer(url('forged'), `insert into dbctl.ledger_receipt (sequence, sink, reference) values (5, 'one', 'here')`);
    const sinks = [folderSink('one', folder)];
    for (const full of [true, false]) {
      const findings = await bench.session(
        (session) =>
          verifyLedger(session, {
            settings: bench.settings(),
            sinks,
            extent: { full, newest: 1, sample: 1 },
            jobs: 1,
            openSession: (use) => bench.session(use, forged),
            onRows: () => {},
          }),
        forged,
      );
      expect(complaints(findings)[0]).toMatch(
        /^tampered one: its checkpoint \d is another than the database’s, though the latest are the same: the log was signed anew$/,
      );
    }
  });

  it('tell a database that went back to an older copy', async () => {
    await onServer(url('template1'), 'create database older template postgres');
    await bench.checkpointIn('postgres', `insert into public.log (what, at) values ('after the copy', '2026-07-01')`);
    const older = bench.server.target('older');
    const found = complaints(await bench.verify(FULL, older));
    expect(found).toEqual([
      'rollback one: it holds checkpoint 5, and the database ends at 4: the database has gone back',
      'rollback two: it holds checkpoint 5, and the database ends at 4: the database has gone back',
    ]);
    await expect(bench.checkpoint({}, older)).rejects.toThrow(
      'a sink holds checkpoint 5, and this database ends at 4: it has gone back',
    );
  });

  it('tell a sink that lost notes', async () => {
    rmSync(join(bench.folder, 'two'), { recursive: true });
    expect(complaints(await bench.verify(FULL))).toEqual([
      'tampered two: there are receipts for checkpoint 5, and it holds none',
    ]);
  });
});
