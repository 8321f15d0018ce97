import pg from 'pg';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { silentProgress, type Progress } from '../../../src/core/progress.ts';
import { withSession, type SessionOptions } from '../../../src/db/session.ts';
import type { RuleOutcome } from '../../../src/ops/retention/outcome.ts';
import { runRule } from '../../../src/ops/retention/run.ts';
import type { DeleteRule } from '../../../src/ops/retention/settings.ts';
import { targetOf } from '../../support/connection.ts';
import { retentionBench, rule, SETTINGS } from './bench.ts';

/** How a run goes on, waits, gives up and tells, among others who use the table. */
const bench = retentionBench();
const LOGIN = `remover_${process.pid}`;
const others: pg.Client[] = [];

beforeEach(async () => {
  await bench.client
    .query(`drop table if exists child, t cascade; create table t (id int primary key, at timestamptz, state text);
    create index on t (at); insert into t select n, now() - interval '90 days' + n * interval '1 second', 'old' from generate_series(1, 400) n`);
});
afterAll(async () => {
  await Promise.all(others.map((one) => one.end()));
  await bench.client.query(`drop owned by ${LOGIN}; drop role if exists ${LOGIN}`).catch(() => {});
});

async function another(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: bench.database.url });
  await client.connect();
  others.push(client);
  return client;
}
const count = async (): Promise<number> => (await bench.column<number>('select count(*)::int from t'))[0] ?? -1;
const withLimits = (wanted: DeleteRule, options: Partial<SessionOptions>): Promise<RuleOutcome> =>
  withSession(bench.database.target, { access: 'write', settings: SETTINGS, ...options }, (session) =>
    runRule(session, wanted, { progress: silentProgress, signal: new AbortController().signal, deadline: null }),
  );
const onTick = (act: () => void): Progress => ({ step: () => ({ tick: act, done() {}, failed() {} }) });

describe('among others', () => {
  test('rows that somebody has locked are left, nobody waits, and the next run takes them', async () => {
    const writer = await another();
    await writer.query(`begin; update t set state = 'busy' where id <= 5`);
    const first = await bench.run(rule());
    expect(first).toMatchObject({ state: 'done', deleted: 395, left: { rows: 5 } });
    expect(first.notes).toEqual(['the-rule: 5 rows are locked by other sessions or came meanwhile: the next run takes them.']);
    await writer.query('commit');
    expect(await bench.run(rule())).toMatchObject({ deleted: 5, notes: [] });
  });

  test('nothing is lost and nothing young goes, whatever others write meanwhile', async () => {
    const rounds = 40;
    const write = async (worker: number): Promise<void> => {
      const client = await another();
      for (let n = 0; n < rounds; n += 1) {
        const age = n % 2 === 0 ? '90 days' : '1 day';
        await client.query(`insert into t values ($1, now() - ($2::text)::interval, 'new')`, [1000 + worker * 1000 + n, age]);
        // One old row grows young again: an update that races with the removal.
        await client.query(`update t set at = now(), state = 'saved' where id = $1`, [400 - ((n * 3 + worker) % 400)]);
        await client.query(`begin; select id from t order by id limit 3 for update; select pg_sleep(0.001); commit`);
      }
    };
    const writers = [0, 1, 2].map((worker) => write(worker));
    const runs = [await bench.run(rule({ batch: 10 })), await bench.run(rule({ batch: 25, pauseMs: 5 }))];
    await Promise.all(writers);
    runs.push(await bench.run(rule()));
    const deleted = runs.reduce((sum, one) => sum + one.deleted, 0);
    expect(runs.map(({ problem }) => problem)).toEqual([null, null, null]);
    expect((await count()) + deleted).toBe(400 + 3 * rounds);
    expect(await bench.column(`select count(*)::int from t where at < now() - interval '30 days'`)).toEqual([0]);
    // Of the rows that were inserted young every one is there.
    expect(await bench.column(`select count(*)::int from t where state = 'new'`)).toEqual([(3 * rounds) / 2]);
  });

  test('a table lock is waited for, and given up after eight times', async () => {
    const held = await another();
    // The look before the first batch would meet the lock as well, so it is taken in the middle.
    let locked: Promise<unknown> | undefined;
    const outcome = await withSession(
      bench.database.target,
      { access: 'write', settings: SETTINGS, lockTimeoutMs: 40 },
      (session) =>
        runRule(session, rule({ batch: 100, pauseMs: 200 }), {
          progress: onTick(() => {
            locked ??= held
              .query('begin; lock table t in access exclusive mode')
              .then(() => setTimeout(() => void held.query('commit'), 600));
          }),
          signal: new AbortController().signal,
          deadline: null,
        }),
    );
    expect(outcome).toMatchObject({ state: 'done', deleted: 400, problem: null });
    await locked;

    await bench.client.query(`insert into t select n, now() - interval '90 days', 'old' from generate_series(1, 20) n`);
    let forever: Promise<unknown> | undefined;
    const refused = await withSession(
      bench.database.target,
      { access: 'write', settings: SETTINGS, lockTimeoutMs: 20 },
      (session) =>
        runRule(session, rule({ batch: 5, pauseMs: 200 }), {
          progress: onTick(() => {
            forever ??= held.query('begin; lock table t in access exclusive mode');
          }),
          signal: new AbortController().signal,
          deadline: null,
        }),
    );
    expect(refused).toMatchObject({ state: 'failed', deleted: 5, batches: 1, left: null });
    expect(refused.problem).toBe('canceling statement due to lock timeout (55P03)');
    await held.query('rollback');
  });

  test('a batch that is too slow is made smaller', async () => {
    await bench.client
      .query(`create or replace function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.005); return old; end $$;
      create trigger slow before delete on t for each row execute function slow(); delete from t where id > 60`);
    const outcome = await withLimits(rule({ batch: 60 }), { statementTimeoutMs: 200 });
    expect(outcome).toMatchObject({ state: 'done', deleted: 60, problem: null });
    expect(outcome.notes.at(-1)).toMatch(/^A batch took longer than statement_timeout: made smaller, at last \d+ rows\./);
  });
});

describe('it ends', () => {
  test('when its time is over, with whole batches, and the next run goes on', async () => {
    const outcome = await bench.run(rule({ batch: 10, pauseMs: 50, maxTimeMs: 200 }));
    expect(outcome.state).toBe('time');
    expect(outcome.deleted % 10).toBe(0);
    expect((await count()) + outcome.deleted).toBe(400);
    expect(outcome.left?.rows).toBe(await count());
    expect(await bench.run(rule())).toMatchObject({ state: 'done', deleted: 400 - outcome.deleted });
  });

  test('between two batches when it is stopped', async () => {
    const stop = new AbortController();
    const outcome = await bench.run(rule({ batch: 7, pauseMs: 10_000 }), {
      signal: stop.signal,
      progress: onTick(() => stop.abort()),
    });
    expect(outcome).toMatchObject({ state: 'stopped', deleted: 7, batches: 1 });
    expect(await count()).toBe(393);
  });

  test('where a trigger keeps every row, and says so', async () => {
    await bench.client.query(`create or replace function keep() returns trigger language plpgsql as $$ begin return null; end $$;
      create trigger keep before delete on t for each row execute function keep()`);
    expect(await bench.run(rule({ batch: 10 }))).toMatchObject({
      state: 'failed',
      deleted: 0,
      problem: 'a trigger of the table keeps rows: 10 were picked three times, and none was removed',
    });
  });

  test('where something refers to a row: the batches before it stand', async () => {
    await bench.client.query(`create table child (t int references t); insert into child values (205)`);
    const outcome = await bench.run(rule());
    expect(outcome).toMatchObject({ state: 'failed', deleted: 200, batches: 2, left: { rows: 200 } });
    expect(outcome.problem).toMatch(/violates foreign key constraint "child_t_fkey".*\(23503\)$/);
    expect(await bench.run(rule({ where: 'not exists (select from child where child.t = id)' }))).toMatchObject({ deleted: 199 });
  });

  test('where the condition fails on a row: the reason is the server’s, and the rows are told', async () => {
    await bench.client.query(`update t set state = case when id = 205 then '0' else '1' end`);
    const outcome = await bench.run(rule({ where: '1 / state::int > 0' }));
    // How far it comes is the planner's: it may ask every row before it takes the oldest.
    expect(outcome).toMatchObject({ state: 'failed', problem: 'division by zero (22012)' });
    expect((await count()) + outcome.deleted).toBe(400);
  });
});

describe('it does not begin', () => {
  test.each([
    [{ table: 'tt' }, 'there is no table public.tt, did you mean public.t'],
    [{ schema: 'publik' }, 'there is no table publik.t, did you mean public.t'],
    [{ by: 'att' }, 'public.t has no column att, did you mean at'],
    [{ by: 'state' }, 'public.t.state is of type text, and an age is counted from timestamptz, timestamp or date'],
    [{ where: 'state' }, 'the server refuses it: argument of AND must be type boolean, not type text (where: state)'],
    [{ where: "stat = 'x'" }, `the server refuses it: column "stat" does not exist (where: stat = 'x')`],
    [{ where: 'count(*) > 1' }, 'the server refuses it: aggregate functions are not allowed in WHERE (where: count(*) > 1)'],
    [
      { where: "state = 'x' and id in (select x from nowhere)" },
      `the server refuses it: relation "nowhere" does not exist (where: state = 'x' and id in (select x from nowhere))`,
    ],
  ])('%j', async (fields, problem) => {
    expect(await bench.run(rule(fields))).toMatchObject({ state: 'unfit', deleted: 0, problem });
    expect(await count()).toBe(400);
  });

  test('without rights, one after the other, with the GRANTs that are enough in the end', async () => {
    await bench.client
      .query(`create role ${LOGIN} login password 'x'; create schema if not exists away; drop table if exists away.t;
      create table away.t (id int, at timestamptz); insert into away.t values (1, '2020-01-01'); alter table away.t enable row level security`);
    const url = new URL(bench.database.url);
    Object.assign(url, { username: LOGIN, password: 'x' });
    const target = targetOf(url.href, bench.database.name);
    const problems: (string | null)[] = [];
    for (let round = 0; round < 5; round += 1) {
      const outcome = await bench.run(rule({ schema: 'away' }), {}, target);
      problems.push(outcome.problem);
      if (outcome.state === 'done') {
        expect(outcome.deleted).toBe(1);
        break;
      }
      expect(outcome.grants.length).toBeGreaterThan(0);
      for (const grant of outcome.grants) await bench.client.query(grant);
    }
    expect(problems).toEqual([
      `${LOGIN} may not remove rows of it, and row-level security hides rows from it`,
      `${LOGIN} may not see legal holds, and removes nothing without`,
      null,
    ]);
    await bench.client.query('drop schema away cascade');
  });
});
