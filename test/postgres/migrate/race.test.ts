import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { failure, migrationBench } from './support.ts';

const bench = migrationBench();
const SLOW = Object.fromEntries(
  Array.from({ length: 5 }, (_, i) => [
    `${String(i + 1).padStart(3, '0')}.do.t.sql`,
    `create table t${i} (); select pg_sleep(0.05);`,
  ]),
);

describe('runners at once', () => {
  it.each([2, 20])('%i of them apply each migration once, and all succeed', async (runners) => {
    bench.write(SLOW);
    const results = await Promise.all(Array.from({ length: runners }, () => bench.up()));
    const applied = results.flatMap((result) => result.applied.map(({ migration }) => migration.id));
    expect(applied.sort()).toEqual(['001', '002', '003', '004', '005']);
    expect(await bench.rows('select count(*)::int as n from dbctl.schema_migrations')).toEqual([{ n: 5 }]);
    expect(await bench.rows(`select count(*)::int as n from dbctl.migration_log where state <> 'applied'`)).toEqual([{ n: 0 }]);
  });

  it('two that build indexes concurrently do not deadlock', async () => {
    bench.write({
      '001.do.a.sql': 'create table a as select g as id from generate_series(1, 50000) g;',
      '002.do.i.sql': '--! transaction: none\ncreate index concurrently a_id on a (id);\n',
    });
    const results = await Promise.all([bench.up(), bench.up(), bench.up()]);
    expect(results.flatMap(({ applied }) => applied)).toHaveLength(2);
    expect(await bench.rows(`select indisvalid from pg_index where indexrelid = 'public.a_id'::regclass`)).toEqual([
      { indisvalid: true },
    ]);
  });

  it('one that waits too long says who holds the lock', async () => {
    bench.write({ '001.do.a.sql': 'select pg_sleep(2);' });
    const slow = bench.up();
    await sleep(500);
    const error = await failure(bench.up({ settings: { lockWaitMs: 300 } }));
    expect(error).toMatchObject({ code: 'lock.held', exit: 5 });
    expect(error.message).toMatch(/^the migrate lock is held by pid \d+ \(dbctl, user postgres, connected since 2/);
    await slow;
  });
});

describe('a table that is locked by somebody else', () => {
  it('is waited for and tried again', async () => {
    bench.write({ '001.do.a.sql': 'create table a ();' });
    await bench.up();
    bench.write({ '002.do.b.sql': 'alter table a add b int;' });
    const notes: string[] = [];
    const progress = {
      step: (name: string) => ({ ...silentProgress.step(name), tick: (_: number, note?: string) => notes.push(note ?? '') }),
    };
    const held = bench.session(async (session) => {
      await session.script('begin; lock table a in access share mode');
      await sleep(600);
      await session.script('commit');
    });
    await sleep(200);
    const result = await bench.up({ progress, settings: { lockTimeoutMs: 200, lockRetries: 10 } });
    expect(result.applied).toHaveLength(1);
    expect(notes.join('\n')).toMatch(
      /lock not granted, try 2\. Open transactions at that moment: pid \d+ \(dbctl, user postgres, idle in transaction, open for \d+ s\)/,
    );
    await held;
  });

  it('is given up after the tries, with nothing half-done and the holder named', async () => {
    bench.write({ '001.do.a.sql': 'create table a ();' });
    await bench.up();
    bench.write({ '002.do.b.sql': 'create table b (); alter table a add b int;' });
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    const held = bench.session(async (session) => {
      await session.script('begin; lock table a in access share mode');
      await until;
      await session.script('commit');
    });
    await sleep(200);
    const error = await failure(bench.up({ settings: { lockTimeoutMs: 100, lockRetries: 2 } }));
    release();
    await held;
    expect(error).toMatchObject({ code: 'lock.held', exit: 5, sqlstate: '55P03' });
    expect(error.message).toBe('002.do.b.sql after 3 tries: canceling statement due to lock timeout');
    expect(error.hint).toMatch(/^Nothing of it was applied\. Open transactions at that moment: pid \d+/);
    expect(await bench.rows(`select to_regclass('public.b') as b`)).toEqual([{ b: null }]);
  });
});
