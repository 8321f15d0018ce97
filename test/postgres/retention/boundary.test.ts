import { beforeEach, describe, expect, test } from 'vitest';
import { targetOf } from '../../support/connection.ts';
import { retentionBench, rule } from './bench.ts';

/** Which rows go: those before the cut-off and no other, whatever the type, the time zone and the calendar. */
const bench = retentionBench();
/** Roles belong to the whole cluster. */
const PRUNER = `pruner_${process.pid}`;

beforeEach(async () => {
  await bench.client.query('drop table if exists t; drop table if exists child');
});

const table = (type: string): Promise<unknown> =>
  bench.client.query(`create table t (id text primary key, at ${type}); create index on t (at)`);
const left = (): Promise<string[]> => bench.column<string>('select id from t order by id');

describe('rows of a moment', () => {
  test('go before the cut-off; null, infinity and -infinity stay', async () => {
    await table('timestamptz');
    await bench.client.query(`insert into t values ('old', now() - interval '31 days'), ('young', now() - interval '29 days'),
      ('never', 'infinity'), ('always', '-infinity'), ('unknown', null), ('ancient', '4713-01-01 BC')`);
    const outcome = await bench.run(rule());
    expect(outcome).toMatchObject({ state: 'done', deleted: 2, batches: 1, problem: null });
    expect(await left()).toEqual(['always', 'never', 'unknown', 'young']);
    expect(outcome.left).toMatchObject({ rows: 0, oldest: null, held: 0 });
  });

  test('that are of the cut-off itself stay: a microsecond decides', async () => {
    await table('timestamptz');
    // The cut-off is the moment the rule begins: rows around it are removed by statements with that very moment.
    const { batchStatement } = await import('../../../src/ops/retention/statements.ts');
    await bench.client.query(
      `insert into t values ('before', '2026-03-01T12:00:00.123455Z'), ('at', '2026-03-01T12:00:00.123456Z')`,
    );
    const target = {
      rule: { by: 'at', where: null },
      table: { sql: 'public.t', type: 'timestamp with time zone' },
      held: null,
    } as const;
    expect(await bench.rows(batchStatement(target), ['2026-03-01T12:00:00.123456Z', 10])).toEqual([{ picked: 1, deleted: 1 }]);
    expect(await left()).toEqual(['at']);
  });

  test.each(['timestamp', 'date'])('of type %s are read as UTC, in a session of any zone', async (type) => {
    await table(type);
    await bench.client.query(`set timezone to 'Pacific/Kiritimati'`);
    await bench.client.query(
      `insert into t values ('old', (now() at time zone 'UTC') - interval '32 days'), ('young', (now() at time zone 'UTC') - interval '30 days' + interval '1 minute')`,
    );
    await bench.client.query('reset timezone');
    expect(await bench.run(rule())).toMatchObject({ state: 'done', deleted: 1 });
    expect(await left()).toEqual(['young']);
  });

  test('a date goes when the whole of its day is past', async () => {
    await table('date');
    await bench.client.query(
      `insert into t select n::text, ((clock_timestamp() at time zone 'UTC') - interval '30 days')::date - n from generate_series(0, 2) n`,
    );
    expect(await bench.run(rule())).toMatchObject({ deleted: 2 });
    expect(await left()).toEqual(['0']);
  });

  test('months are those of the calendar, in UTC, over a change of the clocks', async () => {
    const { CUT_OFF } = await import('../../../src/ops/retention/statements.ts');
    await bench.session(async (session) => {
      // What the statement does with the present moment, with a moment of ours in its place.
      const at = async (moment: string, keep: string): Promise<string | undefined> => {
        const sql = CUT_OFF.replaceAll('pg_catalog.clock_timestamp()', `'${moment}'::timestamptz`);
        return (await session.rows<{ at: string }>(sql, [keep]))[0]?.at;
      };
      for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia']) {
        await session.script(`set timezone to '${zone}'`);
        expect(await at('2027-03-31T23:30:00Z', '13 months')).toBe('2026-02-28T23:30:00.000000Z');
        expect(await at('2026-03-30T00:30:00Z', '1 day')).toBe('2026-03-29T00:30:00.000000Z');
        expect(await at('2028-02-29T00:00:00Z', '1 year')).toBe('2027-02-28T00:00:00.000000Z');
        expect(await at('2026-11-01T05:30:00Z', '24 hours')).toBe('2026-10-31T05:30:00.000000Z');
      }
    });
  });

  test('a condition that is null for a row keeps it; brackets of the condition stay its own', async () => {
    await table('timestamptz');
    await bench.client.query(
      `alter table t add state text; insert into t select s, now() - interval '40 days', nullif(s, 'unknown') from unnest(array['done', 'dead', 'open', 'unknown']) s`,
    );
    await bench.client.query(`insert into t values ('young', now(), 'done')`);
    expect(await bench.run(rule({ where: `state = 'done' or state = 'dead' -- both are ends` }))).toMatchObject({
      state: 'done',
      deleted: 2,
    });
    expect(await left()).toEqual(['open', 'unknown', 'young']);
  });
});

describe('tables', () => {
  test('a partitioned one loses the rows of every partition, by the parent and with rights on it alone', async () => {
    await bench.client.query(`create table t (id int, at timestamptz not null, primary key (id, at)) partition by range (at);
      create index on t (at);
      create table t_1 partition of t for values from ('2020-01-01') to ('2021-01-01');
      create table t_2 partition of t for values from ('2021-01-01') to ('2022-01-01') partition by list (id);
      create table t_2a partition of t_2 for values in (1, 2, 3); create table t_2b partition of t_2 default;
      create table t_rest partition of t default;
      insert into t select n, ts from generate_series(1, 50) n, unnest(array['2020-05-05', '2021-05-05', '2026-01-01', 'infinity']::timestamptz[]) ts;
      create role ${PRUNER} login password 'x'; grant select, delete, update (at) on t to ${PRUNER};
      grant usage on schema dbctl to ${PRUNER}; grant select on dbctl.legal_hold, dbctl.legal_hold_release to ${PRUNER}`);
    const url = new URL(bench.database.url);
    Object.assign(url, { username: PRUNER, password: 'x' });
    const target = targetOf(url.href, bench.database.name);
    const outcome = await bench.run(rule({ batch: 7 }), {}, target);
    expect(outcome).toMatchObject({ state: 'done', deleted: 150, batches: 22, problem: null });
    expect(await bench.column('select count(*)::int from t')).toEqual([50]);
    await bench.client.query(`drop owned by ${PRUNER}; drop role ${PRUNER}`);
  });

  test('rows with the same place in two partitions are told apart', async () => {
    await bench.client.query(`create table t (id int, at timestamptz not null) partition by list (id);
      create index on t (at);
      create table t_1 partition of t for values in (1); create table t_2 partition of t for values in (2);
      insert into t select 1, now() - interval '40 days' from generate_series(1, 500);
      insert into t select 2, now() from generate_series(1, 500)`);
    expect(await bench.run(rule({ batch: 50 }))).toMatchObject({ deleted: 500 });
    expect(await bench.rows('select id, count(*)::int as n from t group by id')).toEqual([{ id: 2, n: 500 }]);
    await bench.client.query(
      `truncate t; insert into t select n, now() - interval '40 days' from generate_series(1, 2) n, generate_series(1, 100)`,
    );
    // A batch is of 50 rows, and not of those in the same places of the other partition as well.
    expect(await bench.run(rule({ batch: 50 }))).toMatchObject({ deleted: 200, batches: 4 });
  });

  test('children by inheritance go with their parent', async () => {
    await table('timestamptz');
    await bench.client.query(
      `create table child (more int) inherits (t); insert into child values ('c', now() - interval '1 year', 1), ('d', now(), 1)`,
    );
    expect(await bench.run(rule())).toMatchObject({ deleted: 1 });
    expect(await left()).toEqual(['d']);
    await bench.client.query('drop table child');
  });

  test('a batch fetches its rows by index and by place, and reads no table', async () => {
    const { batchStatement } = await import('../../../src/ops/retention/statements.ts');
    await table('timestamptz');
    await bench.client.query(
      `insert into t select n::text, now() - n * interval '1 minute' from generate_series(1, 60000) n; analyze t`,
    );
    const target = {
      rule: { by: 'at', where: null },
      table: { sql: 'public.t', type: 'timestamp with time zone' },
      held: null,
    } as const;
    const plan = await bench.rows<{ 'QUERY PLAN': string }>(`explain ${batchStatement(target)}`, ['2026-11-01T00:00:00Z', 1000]);
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toMatch(/Tid Scan on t dbctl_row/);
    expect(text).toMatch(/Index Scan using t_at_idx on t dbctl_row/);
    expect(text).not.toMatch(/Seq Scan/);
  });
});
