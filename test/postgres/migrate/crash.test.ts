import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { failure, migrationBench } from './support.ts';

const bench = migrationBench();

/** Ends the backend of the running migration from outside, as a crash of the client or a failover would. */
async function killMigration(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const rows = await bench.rows<{ killed: boolean }>(
      `select pg_terminate_backend(pid) as killed from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query like '%now_kill_me%' and query not like '%pg_terminate%'`,
    );
    if (rows.length > 0) return;
    await sleep(50);
  }
  throw new Error('no migration was running');
}

describe('a connection that dies', () => {
  it('inside a transactional migration leaves nothing of it', async () => {
    bench.write({ '001.do.a.sql': 'create table a (); select pg_sleep(30) /* now_kill_me */;' });
    const running = failure(bench.up());
    await killMigration();
    expect(await running).toMatchObject({ code: 'db.unreachable', exit: 3 });
    expect(await bench.rows(`select to_regclass('public.a') as a`)).toEqual([{ a: null }]);
    bench.write({ '001.do.a.sql': 'create table a ();' });
    expect((await bench.up()).applied).toHaveLength(1);
  });

  it('inside a concurrent index build is finished by the next run', async () => {
    bench.write({ '001.do.a.sql': 'create table a as select g as id from generate_series(1, 1000) g;' });
    await bench.up();
    bench.write({
      '002.do.i.sql':
        '--! transaction: none\ncreate table b ();\ncreate index concurrently a_id on public.a (id) /* now_kill_me */;\nvacuum a;\n',
    });
    // An old transaction that has written makes CREATE INDEX CONCURRENTLY wait after its index exists, INVALID.
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    const old = bench.session(async (session) => {
      await session.script('begin; insert into a values (0)');
      await until;
      await session.script('commit');
    });
    await sleep(200);
    const running = failure(bench.up());
    await sleep(500);
    await killMigration();
    release();
    await old;
    await running;
    expect(await bench.rows(`select indisvalid from pg_index where indexrelid = to_regclass('public.a_id')`)).toEqual([
      { indisvalid: false },
    ]);
    expect(
      await bench.rows(`select state, statements_done, statements_total from dbctl.migration_log where version = 2`),
    ).toEqual([{ state: 'running', statements_done: 1, statements_total: 3 }]);
    expect((await bench.up()).applied.map(({ migration }) => migration.id)).toEqual(['002']);
    expect(await bench.rows(`select indisvalid from pg_index where indexrelid = 'public.a_id'::regclass`)).toEqual([
      { indisvalid: true },
    ]);
    expect(
      await bench.rows(`select attempt, state, statements_done from dbctl.migration_log where version = 2 order by attempt`),
    ).toEqual([
      { attempt: 1, state: 'failed', statements_done: 1 },
      { attempt: 2, state: 'applied', statements_done: 3 },
    ]);
  });

  it('inside a statement that cannot be judged is not guessed at', async () => {
    bench.write({ '001.do.a.sql': '--! transaction: none\ncreate table a ();\nselect pg_sleep(30) /* now_kill_me */;\n' });
    const running = failure(bench.up());
    await killMigration();
    await running;
    const error = await failure(bench.up());
    expect(error).toMatchObject({
      code: 'refused',
      exit: 5,
      message: '001.do.a.sql: a run was killed in statement 2 of 2, and nothing tells whether it took effect',
    });
    await bench.rows(`update dbctl.migration_log set statements_done = 2 where version = 1 and state = 'running'`);
    expect((await bench.up()).applied).toHaveLength(1);
  });
});

describe('a migration outside a transaction', () => {
  it('that fails keeps what ran, and goes on there when mended', async () => {
    const start = '--! transaction: none\ncreate table a (id int);\ninsert into a values (1), (1);\n';
    bench.write({ '001.do.a.sql': `${start}create unique index concurrently a_id on a (id);\n` });
    const error = await failure(bench.up());
    expect(error).toMatchObject({ code: 'migration.failed', sqlstate: '23505' });
    expect(error.message).toMatch(/^001\.do\.a\.sql, statement 3: could not create unique index "a_id"/);
    expect(error.hint).toBe(
      'Its first 2 statements stayed, as a file without a transaction must. Mend the cause and run the command again: it goes on at this statement.',
    );
    expect(await bench.rows(`select to_regclass('public.a_id') as i`)).toEqual([{ i: null }]);
    await bench.rows('delete from a where ctid = (select min(ctid) from a)');
    expect((await bench.up()).applied).toHaveLength(1);
    expect(await bench.rows('select count(*)::int as n from a')).toEqual([{ n: 1 }]);
  });

  it('that was changed after it was begun is refused', async () => {
    bench.write({ '001.do.a.sql': '--! transaction: none\ncreate table a ();\nselect 1 / 0;\n' });
    await failure(bench.up());
    bench.write({ '001.do.a.sql': '--! transaction: none\ncreate table z ();\nselect 1;\n' });
    expect(await failure(bench.up())).toMatchObject({
      code: 'refused',
      message: '001.do.a.sql was changed after 1 of its statements had run',
    });
  });
});
