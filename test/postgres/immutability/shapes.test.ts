import { beforeAll, describe, expect, it } from 'vitest';
import type { UnsafeShape } from '../../../src/config/immutability.ts';
import { guardBench, settingsFor } from './support.ts';

const bench = guardBench('empty');

/** Each shape by which something other than an update changes what a row says: definition, shape, and what is told. */
const SHAPES: readonly (readonly [string, UnsafeShape | null, string])[] = [
  [`create type kind as enum ('a'); create table t (id int, k kind)`, 'enum', 'column k of type kind is an unsafe shape (enum)'],
  [
    `create type kind as enum ('a'); create table t (id int, k kind[])`,
    'enum',
    'column k of type kind[] is an unsafe shape (enum)',
  ],
  [
    'create type pair as (a int); create table t (id int, p pair)',
    'composite',
    'column p of type pair is an unsafe shape (composite)',
  ],
  [
    'create domain short as text; create table t (id int, s short)',
    'domain',
    'column s of type short is an unsafe shape (domain)',
  ],
  [
    'create table t (id int, double int generated always as (id * 2) virtual)',
    'virtual-column',
    'virtual generated column double is an unsafe shape (virtual-column)',
  ],
  ['create table t (id int, content oid)', 'large-object', 'column content of type oid is an unsafe shape (large-object)'],
  [
    'create table parent (id int primary key); create table t (id int references parent on delete cascade)',
    'cascade',
    'foreign key t_id_fkey of t changes rows on delete is an unsafe shape (cascade)',
  ],
  [
    'create table parent (id int primary key); create table t (id int references parent on update set null)',
    'cascade',
    'foreign key t_id_fkey of t changes rows on update is an unsafe shape (cascade)',
  ],
  [
    'create table t (id int); create table child () inherits (t)',
    'inheritance',
    'child inherits from t is an unsafe shape (inheritance)',
  ],
  ['create unlogged table t (id int)', null, 'it is unlogged: a crash empties it'],
  ['create view t as select 1 as id', null, 'it is not a table'],
  ['select 1', null, 'there is no such table'],
  ['create table t (other int)', null, 'it has no column id'],
];

describe('a table of an unsafe shape', () => {
  it.each(SHAPES)('%s is refused, and guarded when the shape is accepted', async (definition, shape, said) => {
    await bench.rows('drop schema public cascade');
    await bench.rows('create schema public');
    await bench.rows(`set search_path = public; ${definition}`);
    const refused = await bench.install(settingsFor({ name: 't', generated: ['id'] }));
    expect(refused.refusals.map(({ object, problem }) => `${object}: ${problem}`)).toEqual([`public.t: ${said}`]);
    expect(refused.refusals[0]?.fix).not.toBe('');
    expect(refused.steps.filter(({ id }) => id === 'table')).toEqual([]);
    expect(
      await bench.rows(
        `select from pg_trigger t join pg_class c on c.oid = t.tgrelid where t.tgname like 'dbctl_guard%' and c.relnamespace <> 'dbctl'::regnamespace`,
      ),
    ).toEqual([]);
    if (shape === null) return;
    const accepted = await bench.install(settingsFor({ name: 't', generated: ['id'], accept: [shape] }));
    expect(accepted.refusals).toEqual([]);
    expect(await bench.refusal('delete from public.t')).toMatch(/^IM001 /);
    await bench.rows('drop event trigger dbctl_3_refuse_ddl; drop event trigger dbctl_4_refuse_drop');
    await bench.rows('drop event trigger dbctl_1_refuse_concurrent_ddl; drop event trigger dbctl_2_guard_new_partition');
    await bench.rows(`drop event trigger dbctl_5_refuse_rewrite; delete from dbctl.protected_relation`);
  });
});

describe('accepted shapes', () => {
  beforeAll(async () => {
    await bench.rows('drop schema public cascade');
    await bench.rows('create schema public');
    await bench.rows(`create type public.kind as enum ('a', 'b')`);
    await bench.rows('create type public.pair as (a int, b text)');
    await bench.rows('create domain public.short as text');
    await bench.rows('create table public.t (id int, k public.kind[], p public.pair, s public.short)');
    await bench.install(settingsFor({ name: 't', accept: ['enum', 'composite', 'domain'] }));
  });

  it.each([
    [`alter type public.kind rename value 'a' to 'z'`, /^IM003 ALTER TYPE of (public\.)?t is refused: the table is protected$/],
    ['alter type public.pair rename attribute b to c', /^IM003 /],
    ['alter type public.pair drop attribute b', /^IM00[34] /],
    ['alter domain public.short add check (value is null) not valid', /^IM003 /],
    ['drop domain public.short cascade', /^IM004 /],
    ['drop type public.pair cascade', /^IM004 /],
  ])('are watched by the event triggers: %s', async (sql, said) => {
    expect(await bench.refusal(sql)).toMatch(said);
  });
});
