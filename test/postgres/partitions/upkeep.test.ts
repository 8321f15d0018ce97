import { beforeAll, describe, expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { inspectPartitions, type PartitionedTable } from '../../../src/ops/partitions/inspect.ts';
import { makePartitions, type Made } from '../../../src/ops/partitions/make.ts';
import { planPartitions, type Upkeep } from '../../../src/ops/partitions/plan.ts';
import { guardBench, settingsFor } from '../immutability/support.ts';

const bench = guardBench('empty');

const upkeep = (name: string, changes: Partial<Upkeep> = {}): Upkeep => ({
  schema: 'public',
  name,
  every: 'month',
  ahead: 2,
  ...changes,
});

async function look(name: string): Promise<PartitionedTable> {
  const { tables } = await bench.session((session) => inspectPartitions(session, [{ schema: 'public', name }]));
  return tables[0] as PartitionedTable;
}

const keep = (wanted: Upkeep): Promise<readonly Made[]> =>
  bench.session(async (session) => {
    const { now, tables } = await inspectPartitions(session, [wanted]);
    const { make } = planPartitions(wanted, tables[0] as PartitionedTable, now);
    return makePartitions(session, make, silentProgress);
  });

const iso = (moment: number) => (Number.isFinite(moment) ? new Date(moment).toISOString() : String(moment));

beforeAll(async () => {
  await bench.rows('create role t_upkeep_owner');
  await bench.rows(
    `create table public.log (id bigint generated always as identity, at timestamptz not null default now(), note text check (note <> ''), primary key (id, at)) partition by range (at)`,
  );
  await bench.rows('create index on public.log (note)');
  await bench.rows('alter table public.log owner to t_upkeep_owner');
});

describe('bounds', () => {
  it.each([
    [
      'timestamptz',
      `'2026-11-01 00:00:00+00'`,
      `'2026-12-01 02:00:00+02'`,
      '2026-11-01T00:00:00.000Z',
      '2026-12-01T00:00:00.000Z',
    ],
    ['timestamp', `'2026-11-01'`, 'maxvalue', '2026-11-01T00:00:00.000Z', 'Infinity'],
    ['date', 'minvalue', `'2026-12-01'`, '-Infinity', '2026-12-01T00:00:00.000Z'],
    ['timestamptz', `'-infinity'`, `'infinity'`, '-Infinity', 'Infinity'],
  ])('of %s from %s to %s are read in UTC, whatever the session says', async (type, from, to, first, last) => {
    await bench.rows(`drop table if exists public.bounds`);
    await bench.rows(`create table public.bounds (at ${type}) partition by range (at)`);
    await bench.rows(`create table public.bounds_1 partition of public.bounds for values from (${from}) to (${to})`);
    for (const [zone, style] of [
      ['UTC', 'ISO'],
      ['America/New_York', 'German'],
      ['Asia/Kathmandu', 'SQL, DMY'],
    ]) {
      await bench.rows(`alter database ${bench.database.name} set timezone = '${zone}'`);
      await bench.rows(`alter database ${bench.database.name} set datestyle = '${style}'`);
      const { keyType, partitions } = await look('bounds');
      expect(keyType).toBe(type);
      expect(partitions.map((one) => [one.name, iso(one.from), iso(one.to)])).toEqual([['public.bounds_1', first, last]]);
    }
    await bench.rows(`alter database ${bench.database.name} reset all`);
  });

  it.each([
    ['by list', 'create table public.odd (at text) partition by list (at)', 'p', null],
    ['by hash', 'create table public.odd (at timestamptz) partition by hash (at)', 'p', null],
    ['by two columns', 'create table public.odd (at timestamptz, n int) partition by range (at, n)', 'p', null],
    ['by an expression', `create table public.odd (at timestamptz) partition by range ((at at time zone 'UTC'))`, 'p', null],
    ['by a number', 'create table public.odd (n int) partition by range (n)', 'p', null],
    ['not at all', 'create table public.odd (n int)', 'r', null],
    ['not there', 'create table public.other_name (n int)', null, null],
  ])('of a table partitioned %s are none', async (_how, sql, kind, keyType) => {
    await bench.rows('drop table if exists public.odd');
    await bench.rows(sql);
    expect(await look('odd')).toMatchObject({ kind, keyType, partitions: [] });
  });
});

describe('a partition that is made', () => {
  it('takes rows, with the keys, indexes, checks and owner of its table, and the second time there is nothing to make', async () => {
    const made = await keep(upkeep('log'));
    expect(made.map(({ problem }) => problem)).toEqual([null, null, null]);
    await bench.rows(`insert into public.log (at, note) select now() + n * interval '20 days', 'x' from generate_series(0, 3) n`);
    expect(await bench.refusal(`insert into public.log (note) values ('')`)).toMatch(/^23514 /);
    const [first] = made;
    expect(
      await bench.rows(
        `select pg_get_userbyid(c.relowner)::text as owner,
                (select count(*)::int from pg_index i where i.indrelid = c.oid) as indexes,
                (select count(*)::int from pg_attribute a where a.attrelid = c.oid and a.attidentity <> '') as identities
         from pg_class c where c.relname = $1`,
        [first?.partition.name],
      ),
    ).toEqual([{ owner: 't_upkeep_owner', indexes: 2, identities: 1 }]);
    expect(await keep(upkeep('log'))).toEqual([]);
  });

  it('leaves readers and writers of the table alone', async () => {
    await bench.client.query('begin');
    await bench.client.query(`insert into public.log (note) values ('open')`);
    const made = await keep(upkeep('log', { ahead: 4 }));
    await bench.client.query('rollback');
    expect(made.map(({ problem }) => problem)).toEqual([null, null]);
  });

  it('is not made while the default partition has rows of its time; the others are', async () => {
    await bench.rows(`create table public.late (at date) partition by range (at)`);
    await bench.rows('create table public.late_default partition of public.late default');
    await bench.rows(`insert into public.late values ((now() at time zone 'UTC')::date)`);
    expect((await look('late')).defaultPartition).toEqual({ name: 'public.late_default', hasRows: true });
    const made = await keep(upkeep('late'));
    expect(made.map(({ problem }) => problem)).toEqual([
      'the default partition has rows of that time: runbooks/default-partition.md',
      null,
      null,
    ]);
    expect((await look('late')).partitions).toHaveLength(2);
  });

  it('is guarded where the table is, by whoever may make partitions of it', async () => {
    await bench.rows(`create table public.proof (id int, at timestamptz, primary key (id, at)) partition by range (at)`);
    await bench.install(settingsFor({ name: 'proof' }));
    expect((await look('proof')).isProtected).toBe(true);
    const made = await keep(upkeep('proof', { every: 'week', ahead: 1 }));
    expect(made.map(({ problem }) => problem)).toEqual([null, null]);
    const [guarded] = await bench.rows<{ n: number }>(
      `select count(*)::int as n from pg_trigger where tgrelid = $1::regclass and tgname like 'dbctl_guard%'`,
      [`public.${made[1]?.partition.name}`],
    );
    expect(guarded?.n).toBe(4);
    expect(await bench.refusal(`truncate public.${made[1]?.partition.name}`)).toMatch(/^IM002 /);
  });

  it('is made once by two runs at once', async () => {
    await bench.rows(`create table public.raced (at timestamptz) partition by range (at)`);
    const both = await Promise.all([keep(upkeep('raced')), keep(upkeep('raced'))]);
    expect((await look('raced')).partitions).toHaveLength(3);
    expect(both.flat().filter(({ problem }) => problem === null)).toHaveLength(3);
    expect(await keep(upkeep('raced'))).toEqual([]);
  });
});
