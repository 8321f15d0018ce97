import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { databaseUrl, onServer } from '../../support/connection.ts';
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
