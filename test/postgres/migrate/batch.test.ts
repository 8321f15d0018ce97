import { describe, expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { migrateUp } from '../../../src/ops/migrate/up.ts';
import { failure, migrationBench } from './support.ts';

// On a database without history migrations travel fifty to a message, each in a transaction of its own.
const bench = migrationBench();
const many = (count: number, sql = (i: number) => `create table t${i} (); select pg_sleep(0.002);`) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${String(i + 1).padStart(3, '0')}.do.t.sql`, sql(i + 1)]));

describe('the first run on an empty database', () => {
  it('takes a message for fifty migrations, and records each as if it had come alone', async () => {
    bench.write(many(120));
    const trips = await bench.session(async (session) => {
      const { applied } = await migrateUp(session, bench.settings(), {
        progress: silentProgress,
        signal: new AbortController().signal,
      });
      expect(applied).toHaveLength(120);
      return session.roundTrips;
    });
    expect(trips).toBeLessThanOrEqual(7 + Math.ceil(120 / 50));
    const [log] = await bench.rows(
      `select count(*)::int as rows, count(distinct xmin)::int as transactions, min(duration_ms) >= 1 as lasted, max(duration_ms) < 1000 as briefly,
              bool_and(started_at >= before) as in_order
       from (select l.xmin::text as xmin, l.duration_ms, l.started_at, coalesce(lag(l.started_at) over (order by l.version), '-infinity') as before
             from dbctl.migration_log l) l`,
    );
    expect(log).toEqual({ rows: 120, transactions: 120, lasted: true, briefly: true, in_order: true });
  });

  it('stops at the migration that fails, keeps those before it, and tells place and reason as ever', async () => {
    bench.write({ ...many(120), '070.do.t.sql': 'create table lost ();\nselect wrong;\n' });
    const error = await failure(bench.up());
    expect(error).toMatchObject({
      code: 'migration.failed',
      sqlstate: '42703',
      message: '070.do.t.sql: column "wrong" does not exist',
      position: { file: '070.do.t.sql', line: 2, column: 8 },
    });
    expect(await bench.rows(`select max(version)::int as last, count(*)::int as n from dbctl.schema_migrations`)).toEqual([
      { last: 69, n: 69 },
    ]);
    expect(
      await bench.rows(`select to_regclass('t69')::text as t69, to_regclass('t71') as t71, to_regclass('lost') as lost`),
    ).toEqual([{ t69: 't69', t71: null, lost: null }]);
    expect(await bench.rows(`select version::int, state from dbctl.migration_log where state <> 'applied'`)).toEqual([
      { version: 70, state: 'failed' },
    ]);
    bench.write(many(120));
    expect((await bench.up()).applied).toHaveLength(51);
  });

  it('goes alone around a file without a transaction, in order', async () => {
    bench.write({ ...many(12), '006.do.t.sql': '--! transaction: none\ncreate index concurrently i on t5 ((1));\nvacuum t5;\n' });
    expect((await bench.up()).applied.map(({ migration }) => migration.version)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  });

  it('is tried again one by one when a lock is not granted', async () => {
    await bench.rows('create table held ()');
    bench.write({ ...many(3), '002.do.t.sql': 'alter table held add a int;' });
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    const holder = bench.session(async (session) => {
      await session.script('begin; lock table held in access share mode');
      setTimeout(() => release(), 500);
      await until;
      await session.script('commit');
    });
    const { applied } = await bench.up({ settings: { lockTimeoutMs: 200, lockRetries: 10 } });
    await holder;
    expect(applied).toHaveLength(3);
  });
});
