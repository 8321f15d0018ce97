import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { literal } from '../../../src/db/ident.ts';
import { withSession } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { fillFix } from '../../../src/ops/verify/fix.ts';
import { LIMITS, type Limits } from '../../../src/ops/verify/limits.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { runChecks } from '../../../src/ops/verify/run.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { standbyOf, type ServerCopy } from '../ledger/copies.ts';
import { POLICY } from './support.ts';

/** A primary and a standby that really streams: what rep-lag and ops-long-xact say of them, with limits drawn near. */
const checks = (await loadChecks([builtInFolder()])).filter(({ id }) => ['rep-lag', 'ops-long-xact'].includes(id));
const MINUTE = 60_000;

let primary: TestServer;
let standby: ServerCopy;
let here: pg.Client;
let there: pg.Client;
const clients: pg.Client[] = [];

beforeAll(async () => {
  const settings = { wal_level: 'logical', max_prepared_transactions: '2', wal_retrieve_retry_interval: '100ms' };
  primary = await startServer({ settings: { ...settings, wal_receiver_status_interval: '1s' } });
  standby = await standbyOf(primary);
  [here, there] = [await connect(primary.url()), await connect(standby.url)];
  await until(here, `select 1 from pg_catalog.pg_stat_replication where state = 'streaming'`);
});
afterAll(async () => {
  for (const client of clients) await client.end().catch(() => {});
  await standby.server.stop();
  await primary.stop();
});

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'test' });
  // Its server is halted, or it is ended by a fix.
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  return client;
}

async function until(client: pg.Client, query: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while ((await client.query(query)).rowCount === 0) {
    if (Date.now() > deadline) throw new Error(`never came: ${query}`);
    await client.query('select pg_catalog.pg_sleep(0.02)');
  }
}

async function pause(): Promise<void> {
  await there.query('select pg_catalog.pg_wal_replay_pause()');
  await until(there, `select 1 where pg_catalog.pg_get_wal_replay_pause_state() = 'paused'`);
}

async function resume(statement = 'select pg_catalog.pg_wal_replay_resume()'): Promise<void> {
  await there.query(statement);
  await until(there, 'select 1 where pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn()');
}

interface Look {
  readonly at?: 'primary' | 'standby';
  readonly limits?: Partial<Limits>;
  /** How long after now it is asked. */
  readonly later?: number;
}

/** Object to message and fix, of both checks. */
async function look({ at = 'primary', limits = {}, later = 0 }: Look = {}): Promise<Record<string, [string, string]>> {
  const inputs = {
    policy: { ...POLICY, limits: { ...LIMITS, ...limits } },
    advisories,
    clock: () => new Date(Date.now() + later),
  };
  const target = at === 'primary' ? primary.target() : standby.target;
  const { outcomes } = await withSession(target, { access: 'read' }, (session) => runChecks(session, checks, inputs));
  expect(outcomes.map(({ kind }) => kind)).not.toContain('unknown');
  return Object.fromEntries(
    outcomes.flatMap((outcome) =>
      outcome.kind === 'found'
        ? outcome.findings.map(({ object, detail, data }) => [
            data['status'] === 'unknown' ? `${object} (unknown)` : object,
            [detail, fillFix(outcome.check.fix, data)],
          ])
        : [],
    ),
  );
}

/** Transactions that count, so that whoever holds back falls behind. */
const burn = () =>
  here.query('do $$ begin for n in 1 .. 60 loop perform pg_catalog.pg_current_xact_id(); commit; end loop; end $$');
const NEAR = { heldTransactions: 50 };

describe('rep-lag', () => {
  it('passes on both where all is replayed', async () => {
    const limits = { standbyLagMs: 1000, standbyLagBytes: 1_048_576 };
    expect(await look({ limits })).toEqual({});
    expect(await look({ limits, at: 'standby', later: 10 * MINUTE })).toEqual({});
  });

  it('does not know the time of one that has replayed no commit since its start, which counts once it has had time', async () => {
    const waiting = 'select 1 where pg_catalog.pg_last_wal_receive_lsn() > pg_catalog.pg_last_wal_replay_lsn()';
    await pause();
    expect((await there.query('select pg_catalog.pg_last_xact_replay_timestamp() as at')).rows).toEqual([{ at: null }]);
    await here.query('select pg_catalog.pg_current_xact_id()');
    await until(there, waiting);
    expect(await look({ at: 'standby' })).toEqual({});
    expect(await look({ at: 'standby', later: 10 * MINUTE })).toEqual({
      'this standby (unknown)': [
        'this standby has replayed no commit since it started, and log waits for it: by how much time it is behind is not known',
        'select pg_catalog.pg_wal_replay_resume();',
      ],
    });
    await resume();
    expect(await look({ at: 'standby', later: 10 * MINUTE })).toEqual({});
  });

  it('tells of a standby whose replay is paused, by the log that waits and by the time', async () => {
    await pause();
    await here.query(`select pg_catalog.pg_logical_emit_message(true, 'x', pg_catalog.repeat('x', 3000000))`);
    await until(there, 'select 1 where pg_catalog.pg_last_wal_receive_lsn() - pg_catalog.pg_last_wal_replay_lsn() > 3000000');
    const limits = { standbyLagBytes: 1_048_576 };
    await until(here, 'select 1 from pg_catalog.pg_stat_replication where flush_lsn = pg_catalog.pg_current_wal_lsn()');
    expect(await look({ limits })).toEqual({
      'standby standby at 127.0.0.1': [
        expect.stringMatching(/^standby standby at 127\.0\.0\.1 is behind by .*\d+ kB of log$/),
        expect.any(String),
      ],
    });
    await until(here, `select 1 from pg_catalog.pg_stat_replication where replay_lag > '1200 milliseconds'`);
    expect(await look({ limits: { standbyLagMs: 1000 } })).toMatchObject({
      'standby standby at 127.0.0.1': [expect.stringContaining('is behind by 00:00:0'), {}],
    });
    expect(await look({ at: 'standby', limits })).toMatchObject({ 'this standby': [expect.stringContaining('kB of log'), {}] });
    const late = { at: 'standby', later: 10 * MINUTE } as const;
    expect(await look(late)).toEqual({
      'this standby': [
        expect.stringMatching(/^this standby is behind by 00:1\d:\d\d and \d+ kB of log, and its replay is paused$/),
        'select pg_catalog.pg_wal_replay_resume();',
      ],
    });
    // No more than what is allowed by default.
    expect([await look(), await look({ at: 'standby' }), await look({ ...late, limits: { standbyLagMs: 60 * MINUTE } })]).toEqual(
      [{}, {}, {}],
    );
    await resume((await look(late))['this standby']?.[1]);
    expect(await look(late)).toEqual({});
  });

  it('tells of a standby to which nothing comes any more, however well it has replayed all', async () => {
    await primary.halt();
    await until(there, 'select 1 where not exists (select from pg_catalog.pg_stat_wal_receiver)');
    expect(await look({ at: 'standby' })).toEqual({
      'connection of this standby': [
        'this standby has streamed, and receives nothing now: how far it is behind is not known',
        expect.stringContaining('primary_conninfo'),
      ],
    });
    await primary.start();
    here = await connect(primary.url());
    await until(there, 'select 1 from pg_catalog.pg_stat_wal_receiver');
    expect(await look({ at: 'standby' })).toEqual({});
  });
});

describe('rep-lag of a standby that reads no stream', () => {
  it('does not know how far it is behind, once it has had time', async () => {
    const { rows } = await there.query<{ from: string }>(`select pg_catalog.current_setting('primary_conninfo') as from`);
    const restart = async (conninfo: string) => {
      await there.query(`alter system set primary_conninfo = ${literal(conninfo)}`);
      await standby.server.halt();
      await standby.server.start();
      there = await connect(standby.url);
    };
    await restart('');
    expect(await look({ at: 'standby' })).toEqual({});
    expect(await look({ at: 'standby', later: 10 * MINUTE })).toMatchObject({
      'this standby (unknown)': [
        'this standby has replayed no commit since it started, and reads no stream: by how much time it is behind is not known',
        {},
      ],
    });
    await restart(rows[0]?.from ?? '');
    await until(there, `select 1 from pg_catalog.pg_stat_wal_receiver where status = 'streaming'`);
    expect(await look({ at: 'standby' })).toEqual({});
  });
});

describe('ops-long-xact', () => {
  it.each([
    ['an idle session', `session of postgres in postgres 'test'`, 'begin isolation level repeatable read; select 1'],
    [
      'a prepared transaction',
      `prepared transaction 'order 7'`,
      `begin; select pg_catalog.pg_current_xact_id(); prepare transaction 'order 7'`,
    ],
  ])('tells of %s, and its fix ends it', async (_, object, statements) => {
    const client = await connect(primary.url());
    await client.query(statements);
    expect(await look({ later: 30 * MINUTE })).toEqual({});
    expect(await look({ later: 90 * MINUTE, limits: { openTransactionMs: 100 * MINUTE } })).toEqual({});
    const found = await look({ later: 90 * MINUTE });
    expect(found).toEqual({ [object]: [expect.stringContaining('vacuum keeps everything that died since'), expect.any(String)] });
    await here.query(found[object]?.[1] ?? '');
    await until(here, `select 1 where not exists (select from pg_catalog.pg_stat_activity where state = 'idle in transaction')`);
    expect(await look({ later: 90 * MINUTE })).toEqual({});
  });

  it('tells of a logical slot nobody reads, and its fix drops it', async () => {
    await here.query(`select pg_catalog.pg_create_logical_replication_slot('feed', 'pgoutput')`);
    await burn();
    expect(await look()).toEqual({});
    const found = await look({ limits: NEAR });
    expect(found).toEqual({
      'replication slot feed': [
        expect.stringMatching(/: its reader is \d+ transactions behind: vacuum/),
        expect.stringContaining(`pg_drop_replication_slot('feed')`),
      ],
    });
    await here.query(found['replication slot feed']?.[1] ?? '');
    expect(await look({ limits: NEAR })).toEqual({});
  });

  it('tells of a query on a standby, without a slot and with one, which keeps it when the standby is gone', async () => {
    const reader = await connect(standby.url);
    await there.query('alter system set hot_standby_feedback = on');
    await there.query('select pg_catalog.pg_reload_conf()');
    await reader.query('begin isolation level repeatable read; select pg_catalog.count(*) from pg_catalog.pg_class');
    await until(here, `select 1 from pg_catalog.pg_stat_activity where backend_type = 'walsender' and backend_xmin is not null`);
    await burn();
    expect(await look({ limits: NEAR })).toEqual({
      'standby standby': [
        expect.stringMatching(/by hot_standby_feedback a query there holds back \d+ transactions/),
        expect.stringContaining('end the query on the standby'),
      ],
    });
    await here.query(`select pg_catalog.pg_create_physical_replication_slot('second')`);
    await there.query(`alter system set primary_slot_name = 'second'`);
    await there.query('select pg_catalog.pg_reload_conf()');
    await until(here, 'select 1 from pg_catalog.pg_replication_slots where active and xmin is not null');
    await standby.server.halt('immediate');
    await until(here, 'select 1 from pg_catalog.pg_replication_slots where not active');
    const found = await look({ limits: NEAR });
    expect(Object.keys(found)).toEqual(['replication slot second']);
    await here.query(found['replication slot second']?.[1] ?? '');
    expect(await look({ limits: NEAR })).toEqual({});
  });
});
