import { beforeAll, describe, expect, it } from 'vitest';
import { guardBench, settingsFor } from './support.ts';

const bench = guardBench('empty');
const settings = settingsFor({ name: 'log', generated: ['xid'] });

beforeAll(async () => {
  await bench.rows(
    `create table public.log (id int, at date, xid xid8 default pg_current_xact_id(), primary key (id, at)) partition by range (at)`,
  );
  await bench.install(settings);
});

const guards = async (relation: string) =>
  (
    await bench.rows<{ name: string }>(
      `select tgname || ' ' || tgenabled::text as name from pg_trigger where tgrelid = $1::regclass and tgname like 'dbctl%' order by 1`,
      [relation],
    )
  ).map(({ name }) => name);
const ALL = ['dbctl_guard_partition_row A', 'dbctl_guard_row A', 'dbctl_guard_statement A', 'dbctl_guard_truncate A'];

describe('a new partition', () => {
  it('is guarded in the command that creates it, whatever default privileges give away', async () => {
    await bench.rows('create role t_partitions_app');
    await bench.rows('alter default privileges in schema public grant all on tables to t_partitions_app');
    await bench.rows(`create table public.log_01 partition of public.log for values from ('2026-01-01') to ('2026-02-01')`);
    await bench.rows('alter default privileges in schema public revoke all on tables from t_partitions_app');
    expect(await guards('public.log_01')).toEqual(ALL);
    expect(
      await bench.rows(
        `select g.grantee::regrole::text as role, g.privilege_type as held from pg_class c, aclexplode(c.relacl) g
         where c.oid = 'public.log_01'::regclass and g.grantee <> c.relowner order by 1`,
      ),
    ).toEqual([
      { role: 'dbctl_ledger', held: 'SELECT' },
      { role: 't_partitions_app', held: 'SELECT' },
    ]);
    expect(await bench.rows(`select pg_get_userbyid(relowner)::text as owner from pg_class where relname = 'log_01'`)).toEqual([
      { owner: 'dbctl_protected' },
    ]);
    expect(await bench.refusal('truncate public.log_01')).toMatch(/^IM002 /);
    await bench.rows('revoke all on public.log_01 from t_partitions_app');
    await bench.rows('drop role t_partitions_app');
  });

  it('leaves no permit behind in its transaction', async () => {
    await bench.client.query('begin');
    await bench.client.query(
      `create table public.log_02 partition of public.log for values from ('2026-02-01') to ('2026-03-01')`,
    );
    await expect(bench.client.query('alter table public.log_02 disable trigger user')).rejects.toMatchObject({ code: 'IM003' });
    await bench.client.query('rollback');
  });

  it('may be partitioned itself', async () => {
    await bench.rows(
      `create table public.log_03 partition of public.log for values from ('2026-03-01') to ('2026-04-01') partition by range (at)`,
    );
    await bench.rows(`create table public.log_03a partition of public.log_03 for values from ('2026-03-01') to ('2026-03-15')`);
    expect(await guards('public.log_03a')).toEqual(ALL);
    // Its own row guard would be cloned to the partitions below, under the same name.
    expect(await guards('public.log_03')).toEqual(ALL.slice(1));
    expect(await bench.rows(`select root::text from dbctl.protected_relation where table_name = 'log_03a'`)).toEqual([
      { root: 'log' },
    ]);
  });

  it('comes from dbctl.create_partition(), too, for a role with no right but that one', async () => {
    await bench.rows(`create role t_partitions_job login password 'x'`);
    await bench.install({ ...settings, partitionCreators: ['t_partitions_job'] });
    const job = await bench.connectAs('t_partitions_job', 'x');
    await job.query(`select dbctl.create_partition('public.log', 'log_04', '2026-04-01', '2026-05-01')`);
    expect(await guards('public.log_04')).toEqual(ALL);
    await expect(job.query(`select dbctl.create_partition('pg_class', 'x', '1', '2')`)).rejects.toThrow(
      'pg_class is not a protected table',
    );
    await expect(
      job.query(`create table public.log_05 partition of public.log for values from ('2026-05-01') to ('2026-06-01')`),
    ).rejects.toMatchObject({
      code: '42501',
    });
    await job.end();
    await bench.rows('revoke execute on function dbctl.create_partition(regclass, text, text, text) from t_partitions_job');
    await bench.rows('drop role t_partitions_job');
  });

  it('may be made apart and attached, as upkeep does that must not lock the table', async () => {
    await bench.rows('create table public.log_06 (like public.log including all)');
    await bench.rows(`alter table public.log attach partition public.log_06 for values from ('2026-06-01') to ('2026-07-01')`);
    expect(await guards('public.log_06')).toEqual(ALL);
    expect(await bench.refusal('truncate public.log_06')).toMatch(/^IM002 /);
  });

  it.each([
    [
      'rows',
      `insert into public.forged (id, at) values (1, '2020-01-02')`,
      'it has rows already, and nobody saw them being inserted',
    ],
    [
      'a default that lies',
      `alter table public.forged alter xid set default '1'`,
      'its columns are not those of the table, defaults included',
    ],
    [
      'a trigger that drops rows',
      'create trigger eats before insert on public.forged for each row execute function suppress_redundant_updates_trigger()',
      'it has triggers of its own',
    ],
    ['a rule', 'create rule eats as on insert to public.forged do instead nothing', 'it has rules of its own'],
    ['a policy', 'create policy hides on public.forged using (false)', 'it has policies of its own'],
    ['row security', 'alter table public.forged enable row level security', 'its row security is not that of the table'],
    ['a check', 'alter table public.forged add constraint none check (id < 0)', 'it has check constraints of its own'],
    ['no durability', 'alter table public.forged set unlogged', 'it is not permanent'],
  ])('with %s cannot be attached', async (_name, change, said) => {
    await bench.rows('create table public.forged (like public.log including all)');
    await bench.rows(change);
    expect(
      await bench.refusal(
        `alter table public.log attach partition public.forged for values from ('2020-01-01') to ('2020-02-01')`,
      ),
    ).toMatch(/^(IM003|42P16|42P17|55000) /);
    const [problem] = await bench.rows<{ problem: string }>(
      `select dbctl.partition_problem('public.forged'::regclass, 'public.log'::regclass) as problem`,
    );
    expect(problem?.problem).toBe(said);
    await bench.rows('drop table public.forged');
  });

  it.each([
    ['create table public.child () inherits (public.log_01)', /^42809 /],
    ['alter table public.log detach partition public.log_01', /^IM003 /],
    ['drop table public.log_01', /^IM004 /],
  ])('refuses the ways around: %s', async (sql, said) => {
    expect(await bench.refusal(sql)).toMatch(said);
  });

  it('created while the table is being guarded is guarded by one of the two', async () => {
    for (let round = 0; round < 10; round += 1) {
      const name = `race_${round}`;
      await bench.rows(`create table public.${name} (id int, at date) partition by range (at)`);
      const create = bench.rows(
        `create table public.${name}_p partition of public.${name} for values from ('2026-01-01') to ('2026-02-01')`,
      );
      await Promise.all([bench.install(settingsFor({ name: 'log', generated: ['xid'] }, { name })), create]);
      await bench.install(settingsFor({ name: 'log', generated: ['xid'] }, { name }));
      expect(await guards(`public.${name}_p`)).toEqual(ALL);
    }
  });

  it('is guarded once when twenty sessions install at the same time', async () => {
    await bench.rows('create table public.busy (id int)');
    const wanted = settingsFor({ name: 'log', generated: ['xid'] }, { name: 'busy' });
    const results = await Promise.all(Array.from({ length: 20 }, () => bench.install(wanted)));
    expect(results.filter(({ steps }) => steps.some(({ object }) => object === 'public.busy'))).toHaveLength(1);
    expect(
      await bench.rows(`select count(*)::int as counters from dbctl.violation_counter where relation = 'public.busy'::regclass`),
    ).toEqual([{ counters: 6 }]);
  });
});
