import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { withSession } from '../../../src/db/session.ts';
import { withAdvisoryLock } from '../../../src/db/advisory-lock.ts';
import { readLag } from '../../../src/ops/retention/lag.ts';
import { whatHoldsTheHorizon } from '../../../src/ops/retention/horizon.ts';
import type { RuleOutcome } from '../../../src/ops/retention/outcome.ts';
import { runRule } from '../../../src/ops/retention/run.ts';
import { ensureDbctlSchema } from '../../../src/ops/schema/dbctl-schema.ts';
import { targetOf } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { standbyOf, type ServerCopy } from '../ledger/copies.ts';
import { rule, SETTINGS } from './bench.ts';

/** A run does not outrun the standbys, and says who keeps vacuum from its work. */
let primary: TestServer;
let standby: ServerCopy;
let client: pg.Client;

beforeAll(async () => {
  primary = await startServer({ settings: { wal_level: 'replica', max_wal_senders: '4', max_prepared_transactions: '2' } });
  standby = await standbyOf(primary);
  client = new pg.Client({ connectionString: primary.url() });
  await client.connect();
  const target = primary.target();
  await withSession(target, { access: 'write', settings: SETTINGS }, (one) =>
    withAdvisoryLock(one, 'migrate', { waitMs: 10_000 }, () => ensureDbctlSchema(one, 'dbctl.schema_migrations', 0)),
  );
  await client.query(`create role plain login password 'x'; create table t (id int primary key, at timestamptz, filler text);
    create index on t (at); insert into t select n, now() - interval '90 days', repeat('x', 500) from generate_series(1, 2000) n`);
}, 240_000);
afterAll(async () => {
  await client.end();
  await standby.server.stop();
  await primary.stop();
});

const run = (fields: Parameters<typeof rule>[0]): Promise<RuleOutcome> =>
  withSession(primary.target(), { access: 'write', settings: SETTINGS }, (session) =>
    runRule(session, rule(fields), { progress: silentProgress, signal: new AbortController().signal, deadline: null }),
  );
const onStandby = async (sql: string): Promise<unknown> => {
  const other = new pg.Client({ connectionString: standby.url });
  await other.connect();
  const { rows } = await other.query<Record<string, unknown>>(sql);
  await other.end();
  return Object.values(rows[0] ?? {})[0];
};

test('a standby that is too far behind is waited for, until it is near again', async () => {
  await expect
    .poll(async () => withSession(primary.target(), { access: 'read' }, readLag), { timeout: 30_000 })
    .toMatchObject({ kind: 'seen', standby: 'standby' });
  await onStandby('select pg_wal_replay_pause()');
  // Asked for; what is being replayed goes on until then.
  await expect.poll(() => onStandby('select pg_get_wal_replay_pause_state()'), { timeout: 30_000 }).toBe('paused');
  await client.query(`insert into t select n, now(), repeat('y', 500) from generate_series(10001, 10500) n`);
  // The server writes the log of a commit that nobody waits for a moment later.
  await expect
    .poll(async () => withSession(primary.target(), { access: 'read' }, readLag), { timeout: 30_000 })
    .toMatchObject({ kind: 'seen', bytes: expect.toSatisfy((bytes: number) => bytes > 100_000) });
  const waited = await run({ maxLagBytes: 1024, maxTimeMs: 1500 });
  expect(waited).toMatchObject({ state: 'time', deleted: 0 });
  expect(waited.notes).toEqual(['Standby standby was more than max_lag behind, and was waited for.']);
  const near = new Promise((resolve) => setTimeout(resolve, 500)).then(() => onStandby('select pg_wal_replay_resume()'));
  const done = await run({ maxLagBytes: 1024, maxTimeMs: 30_000, batch: 500 });
  await near;
  expect(done).toMatchObject({ state: 'done', deleted: 2000 });
});

test('a role that may not see how far it is says so, and with which GRANT it would', async () => {
  const url = new URL(primary.url());
  Object.assign(url, { username: 'plain', password: 'x' });
  const seen = await withSession(targetOf(url.href, 'postgres'), { access: 'read' }, readLag);
  expect(seen).toEqual({ kind: 'unseen', standbys: 1 });
});

test('what holds the horizon of vacuum for long is named', async () => {
  const look = () => withSession(primary.target(), { access: 'read' }, whatHoldsTheHorizon);
  expect(await look()).toBeNull();
  await client.query(`begin; insert into t values (-1, now(), ''); prepare transaction 'forgotten'`);
  // Five minutes are not waited for.
  expect(await withSession(primary.target(), { access: 'read' }, (session) => whatHoldsTheHorizon(session, 0))).toMatch(
    /^prepared transaction 'forgotten' since \d{4}-/,
  );
  await client.query(`rollback prepared 'forgotten'`);
});
