import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { readHolds } from '../../../src/ops/retention/holds/hold.ts';
import { removeBatch } from '../../../src/ops/retention/batch.ts';
import { inspectRule, isUnfit } from '../../../src/ops/retention/inspect.ts';
import { REASON, retentionBench, rule } from './bench.ts';

/** A hold stops rows in its scope, and in doubt it keeps more, never less. */
const bench = retentionBench();

beforeEach(async () => {
  await bench.client.query(`drop table if exists grandchild, child, t cascade;
    create table t (id int primary key, at timestamptz, who text, day date);
    create index on t (at);
    insert into t select n, now() - interval '100 days' + n * interval '1 day', case when n = 10 then null else 'user ' || n % 3 end, date '2026-01-01' + n
    from generate_series(1, 10) n`);
  const active = (await bench.session(readHolds)) ?? [];
  for (const hold of active) if (hold.released === null) await bench.release(hold);
});

const left = (): Promise<number[]> => bench.column<number>('select id from t order by id');
const refusal = async (act: Promise<unknown>): Promise<string> => {
  const thrown: unknown = await act.then(
    () => 'done',
    (error: unknown) => error,
  );
  return thrown instanceof DbctlError ? `${thrown.code}: ${thrown.message}` : String(thrown);
};

describe('a hold keeps', () => {
  test('all of a table, until it is released; the release removes nothing', async () => {
    const hold = await bench.hold('public.t');
    expect(hold).toMatchObject({ table: 'public.t', scope: 'table', reason: REASON, released: null });
    const held = await bench.run(rule());
    expect(held).toMatchObject({ state: 'done', deleted: 0, left: { rows: 0, held: 10 } });
    expect(held.holds).toEqual([hold.id]);
    await bench.release(hold);
    expect(await left()).toHaveLength(10);
    expect(await bench.run(rule())).toMatchObject({ deleted: 10, holds: [] });
  });

  test('a range of time, both ends and what has no time', async () => {
    await bench.client.query(
      `update t set at = '2026-01-01T00:00:00Z'::timestamptz + id * interval '1 hour'; alter table t add seen timestamptz; update t set seen = case when id = 9 then null else at end`,
    );
    await bench.hold('public.t', { scope: 'range', column: 'seen', from: '2026-01-01T03:00Z', to: '2026-01-01 05:00' });
    expect(await bench.run(rule())).toMatchObject({ deleted: 6 });
    expect(await left()).toEqual([3, 4, 5, 9]);
  });

  test('a range without end, on days: a day is held when any moment of it is', async () => {
    await bench.hold('public.t', { scope: 'range', column: 'day', from: '2026-01-05T23:59Z', to: null });
    expect(await bench.run(rule())).toMatchObject({ deleted: 3 });
    expect(await left()).toEqual([4, 5, 6, 7, 8, 9, 10]);
  });

  test('a subject, and the rows that do not say whose they are', async () => {
    await bench.hold('public.t', { scope: 'subject', column: 'who', value: 'user 1' });
    expect(await bench.run(rule())).toMatchObject({ deleted: 6, left: { held: 4 } });
    expect(await left()).toEqual([1, 4, 7, 10]);
  });

  test('the whole table once the column of its subject is gone or has another name', async () => {
    await bench.hold('public.t', { scope: 'subject', column: 'who', value: 'user 1' });
    await bench.client.query('alter table t rename who to whom');
    expect(await bench.run(rule())).toMatchObject({ deleted: 0, left: { held: 10 } });
  });

  test('a table that was renamed, and one that was put in its place', async () => {
    await bench.hold('public.t');
    await bench.client.query(
      'alter table t rename to t_old; create table t (like t_old including all); insert into t select * from t_old',
    );
    expect(await bench.run(rule())).toMatchObject({ deleted: 0 });
    expect(await bench.run(rule({ table: 't_old' }))).toMatchObject({ deleted: 0 });
    await bench.client.query('drop table t_old');
  });

  test('the partition it is on, below the parent and by itself', async () => {
    await bench.client.query(`drop table t; create table t (id int, at timestamptz) partition by list (id);
      create table t_1 partition of t for values in (1) partition by list (id); create table t_1a partition of t_1 for values in (1);
      create table t_2 partition of t for values in (2);
      insert into t select n, now() - interval '60 days' from generate_series(1, 2) n, generate_series(1, 5)`);
    await bench.hold('public.t', { scope: 'partition', schema: 'public', partition: 't_1' });
    expect(await bench.run(rule())).toMatchObject({ deleted: 5 });
    expect(await bench.run(rule({ table: 't_1a' }))).toMatchObject({ deleted: 0 });
    expect(await left()).toEqual([1, 1, 1, 1, 1]);
  });

  test('rows of a partition whose parent is held', async () => {
    await bench.client.query(`drop table t; create table t (id int, at timestamptz, who text) partition by list (id);
      create table t_1 partition of t for values in (1); insert into t values (1, '2020-01-01', 'ann'), (1, '2020-01-01', 'bob')`);
    await bench.hold('public.t', { scope: 'subject', column: 'who', value: 'ann' });
    expect(await bench.run(rule({ table: 't_1' }))).toMatchObject({ deleted: 1 });
  });

  test('rows by whose removal held ones would go, two cascades down, or would change', async () => {
    await bench.client.query(`create table child (id int primary key, t int references t on delete cascade);
      create table grandchild (id int primary key, child int references child on delete cascade, whose text);
      create table note (id int primary key, t int references t on delete set null);
      insert into child select n, n from generate_series(1, 10) n;
      insert into grandchild values (1, 3, 'ann'), (2, 4, 'bob'), (3, 5, null);
      insert into note values (1, 7), (2, 8)`);
    await bench.hold('public.grandchild', { scope: 'subject', column: 'whose', value: 'ann' });
    await bench.hold('public.note', { scope: 'subject', column: 'id', value: '2' });
    expect(await bench.run(rule({ batch: 3 }))).toMatchObject({ state: 'done', deleted: 7 });
    expect(await left()).toEqual([3, 5, 8]);
    expect(await bench.column('select id from grandchild order by id')).toEqual([1, 3]);
    await bench.client.query('drop table note');
  });

  test('everything in a circle of cascades with a hold in it', async () => {
    await bench.client.query(
      `alter table t add parent int references t on delete cascade; update t set parent = id + 1 where id < 10`,
    );
    await bench.hold('public.t', { scope: 'subject', column: 'id', value: '1' });
    expect(await bench.run(rule())).toMatchObject({ deleted: 0, left: { held: 10 } });
  });
});

describe('a hold that comes in the middle', () => {
  test('is waited for by nobody but whoever places it, and binds every batch after it', async () => {
    await bench.client.query("insert into t select n, now() - interval '90 days', 'x', null from generate_series(11, 400) n");
    let placed: Promise<unknown> | undefined;
    let atPlacing = -1;
    const outcome = await bench.run(rule({ batch: 5 }), {
      progress: {
        step: () => ({
          tick: () => {
            placed ??= (async () => {
              await bench.hold('public.t');
              atPlacing = (await left()).length;
            })();
          },
          done() {},
          failed() {},
        }),
      },
    });
    await placed;
    expect(outcome.state).toBe('done');
    expect(outcome.deleted).toBeLessThan(400);
    expect((await left()).length).toBe(400 - outcome.deleted);
    // What was there when the command returned is there now.
    expect((await left()).length).toBe(atPlacing);
  });

  test('waits for the batch that is on its way: what it returned for is never removed afterwards', async () => {
    // A slow batch, by a trigger that sleeps; the hold is placed while it runs, eight times.
    await bench.client
      .query(`create or replace function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.02); return old; end $$;
      create trigger slow before delete on t for each row execute function slow()`);
    for (let round = 0; round < 8; round += 1) {
      await bench.client.query(
        `insert into t select n, now() - interval '90 days', 'x', null from generate_series(1000 + ${round} * 20, 1009 + ${round} * 20) n`,
      );
      const facts = await bench.session((session) => inspectRule(session, rule()));
      if (isUnfit(facts)) throw new Error(facts.problem);
      const batch = bench.session((session) => removeBatch(session, facts, 1000));
      await new Promise((resolve) => setTimeout(resolve, 20 * round));
      const hold = await bench.hold('public.t');
      const then = await left();
      await batch;
      expect(await left()).toEqual(then);
      await bench.release(hold);
    }
  });
});

describe('what cannot be held is said', () => {
  test.each([
    ['audit.nothing', { scope: 'table' }, 'refused: there is no table audit.nothing'],
    ['public.tt', { scope: 'table' }, 'refused: there is no table public.tt, did you mean public.t'],
    ['public.t', { scope: 'partition', schema: 'public', partition: 't_1' }, 'refused: public.t has no partition public.t_1'],
    ['public.t', { scope: 'subject', column: 'hwo', value: 'x' }, 'refused: public.t has no column hwo, did you mean who'],
    [
      'public.t',
      { scope: 'subject', column: 'id', value: 'x' },
      'refused: x is no value of public.t.id, which is of type integer',
    ],
    [
      'public.t',
      { scope: 'range', column: 'who', from: '2026-01-01', to: null },
      'refused: public.t.who is of type text, and a range of time is one of timestamptz, timestamp or date',
    ],
    ['public.t', { scope: 'range', column: 'at', from: 'yesterdy', to: null }, 'refused: --from is no time: yesterdy'],
    [
      'public.t',
      { scope: 'range', column: 'at', from: '2026-02-01', to: '2026-01-01' },
      'refused: --from 2026-02-01 is after --to 2026-01-01',
    ],
  ] as const)('%s %j', async (table, place, message) => {
    expect(await refusal(bench.hold(table, place))).toBe(message);
  });

  test('a second release, and one of no hold', async () => {
    const hold = await bench.hold('public.t');
    await bench.release(hold);
    expect(await refusal(bench.release(hold))).toMatch(/^refused: hold \d+ was released at \S+ by tests$/);
    expect(await refusal(bench.release({ ...hold, id: 4711 }))).toBe('refused: there is no hold 4711');
  });
});

test('the record only grows, for superusers too', async () => {
  await bench.hold('public.t');
  for (const table of ['legal_hold', 'legal_hold_release']) {
    for (const sql of [
      `update dbctl.${table} set reason = 'another reason'`,
      `delete from dbctl.${table}`,
      `truncate dbctl.${table}`,
    ]) {
      await expect(bench.client.query(sql), sql).rejects.toMatchObject({ code: expect.stringMatching(/^IM00[12]$/) as unknown });
    }
  }
});

test('whatever is held and old: what stays is what is held or young, and nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ days: fc.integer({ min: 0, max: 60 }), who: fc.constantFrom('a', 'b', null) }), { maxLength: 40 }),
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
      fc.integer({ min: 1, max: 7 }),
      async (rows, subjects, batch) => {
        await bench.client.query('delete from t');
        for (const [id, { days, who }] of rows.entries()) {
          await bench.client.query(`insert into t values ($1, now() - $2 * interval '1 day' - interval '1 hour', $3, null)`, [
            id,
            days,
            who,
          ]);
        }
        const holds = [];
        for (const value of subjects) holds.push(await bench.hold('public.t', { scope: 'subject', column: 'who', value }));
        const outcome = await bench.run(rule({ batch }));
        const stay = rows.flatMap(({ days, who }, id) =>
          days < 30 || (subjects.length > 0 && (who === null || subjects.includes(who))) ? [id] : [],
        );
        expect(await left()).toEqual(stay);
        expect(outcome.deleted + stay.length).toBe(rows.length);
        for (const hold of holds) await bench.release(hold);
      },
    ),
    { numRuns: 25 },
  );
});
