import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { installGuards, planInstall } from '../../../src/ops/immutability/install.ts';
import type { ImmutabilitySettings } from '../../../src/ops/immutability/settings.ts';
import { ensureDbctlSchema } from '../../../src/ops/schema/dbctl-schema.ts';
import { databaseUrl, onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { restoredCopy, standbyOf } from './copies.ts';
import { FULL, LOG, complaints, ledgerBench } from './support.ts';

const started: TestServer[] = [];
afterAll(async () => {
  for (const server of started) await server.stop();
});

const insert = (url: string, what: string) =>
  onServer(url, `insert into public.log (what, at) select '${what} ' || n, '2026-06-01' from generate_series(1, 20) n`);

describe('after a restore from a logical dump', () => {
  const bench = ledgerBench();

  it('a new epoch is opened, rows go on being sealed, and nothing is confused with what was', async () => {
    // A busy server counts far ahead of a fresh one.
    await bench.rows(
      `do $$ begin for n in 1 .. 3000 loop begin insert into public.log (what, at) values ('x', '2026-01-02'); raise exception 'x'; exception when raise_exception then null; end; end loop; end $$`,
    );
    for (let round = 0; round < 3; round += 1) {
      await insert(bench.server.url(), `round ${round}`);
      await bench.checkpoint();
    }
    const fresh = await startServer();
    started.push(fresh);
    await dumpInto(bench.server, fresh, bench);
    const target = fresh.target();
    const before = complaints(await bench.verify(FULL, target));
    expect(before.map((text) => text.split(' ')[0])).toEqual(['epoch']);
    expect(before[0]).toMatch(/the log belongs to server \d+, and this is \d+: rows were restored into it$/);
    await expect(bench.checkpoint({}, target)).rejects.toThrow(/^the log belongs to server/);

    // Rows that came in between the restore and the new epoch are part of its base.
    await insert(fresh.url(), 'in between');
    const opened = await bench.checkpoint({ newEpoch: { reason: 'restored in a test', findings: {} } }, target);
    expect(opened).toMatchObject({ kind: 'made', epoch: 2, sequence: 4, rows: 80, size: 1 });
    await insert(fresh.url(), 'after');
    expect(await bench.checkpoint({}, target)).toMatchObject({ kind: 'made', rows: 20, size: 2 });
    expect(complaints(await bench.verify(FULL, target))).toEqual([]);
    await onServer(fresh.url(), `update public.log set what = 'forged' where what = 'round 1 7'`);
    expect(complaints(await bench.verify(FULL, target))[0]).toMatch(
      /^tampered public.log_new: window 0 of checkpoint 4 .*: a row has another content/,
    );
  });
});

/** What pg_dump and pg_restore bring over: definitions and rows, the ledger's too. */
async function dumpInto(from: TestServer, to: TestServer, bench: ReturnType<typeof ledgerBench>): Promise<void> {
  await onServer(to.url(), LOG);
  await bench.session((session) => ensureDbctlSchema(session, 'dbctl.schema_migrations', 0), to.target());
  const [source, sink] = [from, to].map((server) => new pg.Client({ connectionString: server.url() }));
  if (source === undefined || sink === undefined) throw new Error('no clients');
  await Promise.all([source.connect(), sink.connect()]);
  for (const table of [
    'public.log',
    'dbctl.ledger_epoch',
    'dbctl.ledger_checkpoint',
    'dbctl.ledger_window',
    'dbctl.ledger_columns',
    'dbctl.ledger_receipt',
  ]) {
    const { rows } = await source.query<{ rows: unknown }>(`select coalesce(json_agg(t), '[]')::text as rows from ${table} t`);
    await sink.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1::json)`, [rows[0]?.rows]);
  }
  await Promise.all([source.end(), sink.end()]);
}

describe('a new epoch on a protected table', () => {
  const bench = ledgerBench();
  const guards: ImmutabilitySettings = {
    owner: 'dbctl_protected',
    runbook: 'runbooks/immutability-violation.md',
    partitionCreators: [],
    unlockers: [],
    archivers: [],
    archiveVerifiers: [],
    tables: [{ schema: 'public', name: 'log', generated: ['recorded_xid'], accept: [], probe: null }],
  };

  it('changes the default of its column under a permit, and the guards are as they were', async () => {
    await insert(bench.server.url(), 'before');
    await bench.session((session) => installGuards(session, guards));
    await bench.checkpoint();
    // As after a restore into a server that counts from a lower number.
    await bench.rows(
      `insert into public.log (what, at, recorded_xid) values ('from another server', '2026-06-01', '5000000000')`,
    );
    expect(complaints(await bench.verify())[0]).toMatch(/^tampered public.log_new: 1 rows name transactions that have not begun/);
    const opened = await bench.checkpoint({ newEpoch: { reason: 'restored, in a test', findings: {} } });
    expect(opened).toMatchObject({ kind: 'made', epoch: 2, rows: 21 });
    await insert(bench.server.url(), 'after');
    const [lowest] = await bench.rows<{ above: boolean }>(
      `select min(recorded_xid) > '5000000000'::xid8 as above from public.log where what like 'after%'`,
    );
    expect(lowest?.above).toBe(true);
    expect(await bench.checkpoint()).toMatchObject({ rows: 20 });
    expect(complaints(await bench.verify())).toEqual([]);
    await expect(bench.rows('delete from public.log')).rejects.toMatchObject({ code: 'IM001' });
    await expect(bench.rows('alter table public.log alter recorded_xid drop default')).rejects.toMatchObject({ code: 'IM004' });
    const plan = await bench.session((session) => planInstall(session, guards));
    expect([plan.steps, plan.drift]).toEqual([[], []]);
  });
});

describe('after a restore from a physical backup', () => {
  const bench = ledgerBench();

  it('the sinks tell that it went back; a new epoch cites them and goes on', async () => {
    await insert(bench.server.url(), 'kept');
    await bench.checkpoint();
    await bench.client.end();
    await bench.server.halt();
    const copy = await restoredCopy(bench.server);
    started.push(copy.server);
    await bench.server.start();
    await insert(bench.server.url(), 'lost');
    await bench.checkpoint();

    const said = complaints(await bench.verify(FULL, copy.target));
    expect(said.map((text) => text.split(':')[0])).toEqual(['rollback one', 'rollback two']);
    await expect(bench.checkpoint({}, copy.target)).rejects.toThrow('a sink holds checkpoint 2, and this database ends at 1');
    await insert(copy.url, 'new life');
    const opened = await bench.checkpoint({ newEpoch: { reason: 'point in time, in a test', findings: {} } }, copy.target);
    expect(opened).toMatchObject({ kind: 'made', sequence: 3, epoch: 2, rows: 40 });
    expect(complaints(await bench.verify(FULL, copy.target))).toEqual([]);

    // Once more, from before the second epoch: its number is not given out again, or one origin would name two logs.
    const again = await bench.checkpoint({ newEpoch: { reason: 'the first copy, in a test', findings: {} } });
    expect(again).toMatchObject({ kind: 'made', sequence: 4, epoch: 3 });
    expect(complaints(await bench.verify())).toEqual([]);
    const [cited] = await bench.session((session) =>
      session.rows<{ lost: number[] }>(
        `select array(select (l ->> 'sequence')::int from jsonb_array_elements(e.cites -> 'lost') l order by 1) as lost
         from dbctl.ledger_epoch e where e.epoch = 3`,
      ),
    );
    expect(cited?.lost).toEqual([3, 3]);
  });

  it('and a database made anew beside notes of an old one gets an epoch of its own', async () => {
    await onServer(bench.server.url(), 'create database anew');
    await onServer(databaseUrl(bench.server.url(), 'anew'), LOG);
    const target = bench.server.target('anew');
    await bench.session((session) => ensureDbctlSchema(session, 'dbctl.schema_migrations', 0), target);
    await expect(bench.checkpoint({}, target)).rejects.toThrow(
      'a sink holds checkpoint 4, and this database ends at 0: it has gone back',
    );
    const opened = await bench.checkpoint({ newEpoch: { reason: 'made anew in a test', findings: {} } }, target);
    expect(opened).toMatchObject({ kind: 'made', sequence: 5, epoch: 4 });
    expect(complaints(await bench.verify(FULL, target))).toEqual([]);
  });
});

describe('over a failover', () => {
  const bench = ledgerBench(LOG, {
    settings: { wal_level: 'replica', max_wal_senders: '4', full_page_writes: 'on', synchronous_commit: 'on' },
  });

  it('the log goes on without a new epoch, and a standby can be verified', async () => {
    await insert(bench.server.url(), 'before');
    await bench.checkpoint();
    const standby = await standbyOf(bench.server);
    started.push(standby.server);
    await insert(bench.server.url(), 'streamed');
    await bench.checkpoint();
    await caughtUp(bench.server, standby.url);
    expect(complaints(await bench.verify(FULL, standby.target))).toEqual([]);
    await expect(bench.checkpoint({}, standby.target)).rejects.toThrow('a standby cannot seal rows');

    await bench.client.end();
    await bench.server.kill();
    await onServer(standby.url, 'select pg_promote()');
    await insert(standby.url, 'after');
    expect(await bench.checkpoint({}, standby.target)).toMatchObject({ kind: 'made', sequence: 3, epoch: 1, rows: 20 });
    expect(complaints(await bench.verify(FULL, standby.target))).toEqual([]);
  });
});

async function caughtUp(primary: TestServer, standby: string): Promise<void> {
  const [here, there] = [primary.url(), standby].map((url) => new pg.Client({ connectionString: url }));
  if (here === undefined || there === undefined) throw new Error('no clients');
  await Promise.all([here.connect(), there.connect()]);
  const { rows } = await here.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  for (let tries = 0; ; tries += 1) {
    if (tries === 200) throw new Error('the standby does not catch up');
    const answer = await there.query<{ there: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as there', [
      rows[0]?.lsn,
    ]);
    if (answer.rows[0]?.there === true) break;
    await sleep(50);
  }
  await Promise.all([here.end(), there.end()]);
}
