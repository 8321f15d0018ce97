import { beforeAll, describe, expect, it } from 'vitest';
import { guardBench, settingsFor } from '../immutability/support.ts';

/** The two ways of runbooks/default-partition.md, on tables of a test. */
const bench = guardBench('empty');

describe('rows of a default partition', () => {
  it('of a table that may change move to the partition of their time', async () => {
    await bench.rows('create table public.run (id int, at timestamptz, primary key (id, at)) partition by range (at)');
    await bench.rows('create table public.run_default partition of public.run default');
    await bench.rows(
      `insert into public.run select n, '2026-12-01Z'::timestamptz + n * interval '1 day' from generate_series(0, 50) n`,
    );
    await bench.client.query(`
      begin;
      set local lock_timeout = '2s';
      lock table public.run_default in access exclusive mode;
      create table public.run_y2026m12 (like public.run including all excluding identity);
      with moved as (
        delete from public.run_default d where d.at >= '2026-12-01 00:00:00+00' and d.at < '2027-01-01 00:00:00+00' returning d.*)
      insert into public.run_y2026m12 select m.* from moved m;
      alter table public.run attach partition public.run_y2026m12 for values from ('2026-12-01 00:00:00+00') to ('2027-01-01 00:00:00+00');
      commit;`);
    expect(
      await bench.rows(`select tableoid::regclass::text as partition, count(*)::int as n from public.run group by 1 order by 1`),
    ).toEqual([
      { partition: 'run_default', n: 20 },
      { partition: 'run_y2026m12', n: 31 },
    ]);
  });
});

describe('rows of the default partition of a protected table', () => {
  beforeAll(async () => {
    for (const role of ['ann', 'bob']) await bench.rows(`create role t_default_${role} login superuser password 'x'`);
    await bench.rows('create table public.log (id int, at timestamptz, primary key (id, at)) partition by range (at)');
    await bench.rows('create table public.log_default partition of public.log default');
    await bench.install({ ...settingsFor({ name: 'log' }), unlockers: ['t_default_ann', 't_default_bob'] });
    await bench.rows(
      `insert into public.log select n, '2026-12-01Z'::timestamptz + n * interval '1 day' from generate_series(0, 30) n`,
    );
  });

  it('stay where they are: the partition is given the bounds of its rows, and a new one takes its place', async () => {
    const [ann, bob] = await Promise.all(['ann', 'bob'].map((role) => bench.connectAs(`t_default_${role}`, 'x')));
    const asked = await ann?.query<{ id: string }>(
      `select dbctl.request_unlock('public.log', 'rows in the default partition') as id`,
    );
    const request = asked?.rows[0]?.id ?? '';
    await bob?.query('select dbctl.approve_unlock($1)', [request]);
    await ann?.query(`
      begin;
      set local lock_timeout = '2s';
      select dbctl.use_unlock('${request}');
      alter table public.log detach partition public.log_default;
      alter table public.log attach partition public.log_default for values from ('2026-12-01 00:00:00+00') to ('2027-01-01 00:00:00+00');
      create table public.log_rest partition of public.log default;
      commit;`);
    expect(
      await bench.rows(
        `select c.relname::text as name, pg_get_expr(c.relpartbound, c.oid) as bound,
                (select count(*)::int from pg_trigger t where t.tgrelid = c.oid and t.tgname like 'dbctl_guard%') as guards
         from pg_class c where c.relispartition and c.relkind = 'r' and c.relname like 'log%' order by 1`,
      ),
    ).toEqual([
      { name: 'log_default', bound: `FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')`, guards: 4 },
      { name: 'log_rest', bound: 'DEFAULT', guards: 4 },
    ]);
    expect(
      (await bench.install({ ...settingsFor({ name: 'log' }), unlockers: ['t_default_ann', 't_default_bob'] })).drift,
    ).toEqual([]);
    expect(await bench.refusal('delete from public.log_default')).toMatch(/^IM001 /);
    expect(await bench.refusal('truncate public.log_rest')).toMatch(/^IM002 /);
    expect(await bench.rows('select count(*)::int as n from public.log_default')).toEqual([{ n: 31 }]);
  });
});
