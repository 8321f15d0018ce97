import { describe, expect, it } from 'vitest';
import { testRules, type Rule } from './rules.ts';
import { columnOf, useSchemaDatabase } from './support.ts';
import { ALL_TABLES, KEY_TABLES, PARTITIONED_TABLES, PROTECTED_TABLES, SCHEMAS } from './tables.ts';

const database = useSchemaDatabase();

/** Tables and partitioned tables of ours, their partitions aside; `t` is the table, `t.name` is schema.table. */
const OUR_TABLES = /* sql */ `
(
  select c.oid, c.relname, n.nspname || '.' || c.relname as name, c.relkind
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = any ($1)
) t`;

const RULES: readonly Rule[] = [
  {
    name: 'every table has a primary key',
    query: `select t.name from ${OUR_TABLES}
            where not exists (select from pg_catalog.pg_constraint k where k.conrelid = t.oid and k.contype = 'p') order by 1`,
    offence: 'create table jobs.offence (id bigint unique)',
    finds: ['jobs.offence'],
  },
  {
    name: 'every table has created_at, a timestamptz that is never null and defaults to now()',
    query: `select t.name from ${OUR_TABLES}
            where not exists (
              select from pg_catalog.pg_attribute a
              join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
              where a.attrelid = t.oid and a.attname = 'created_at' and a.attnotnull
                and a.atttypid = 'timestamptz'::regtype and pg_catalog.pg_get_expr(d.adbin, d.adrelid) = 'now()'
            ) order by 1`,
    offence: `create table jobs.offence_a (id bigint);
              create table jobs.offence_b (created_at timestamptz default now());
              create table jobs.offence_c (created_at timestamptz not null default '2026-01-01 00:00:00+00')`,
    finds: ['jobs.offence_a', 'jobs.offence_b', 'jobs.offence_c'],
  },
  {
    // tgtype 19 is before + update + row; 'O' is enabled as usual.
    name: 'updated_at and the shared trigger come together',
    query: `select t.name from ${OUR_TABLES}
            where exists (select from pg_catalog.pg_attribute a where a.attrelid = t.oid and a.attname = 'updated_at' and not a.attisdropped)
              <> exists (
                select from pg_catalog.pg_trigger g
                where g.tgrelid = t.oid and g.tgfoid = 'shared.set_updated_at()'::regprocedure
                  and g.tgtype = 19 and g.tgenabled = 'O' and g.tgqual is null and g.tgattr::text = ''
              ) order by 1`,
    offence: `create table jobs.offence_column (updated_at timestamptz);
              create table jobs.offence_trigger (id bigint);
              create trigger set_updated_at before update on jobs.offence_trigger for each row execute function shared.set_updated_at();
              create table jobs.offence_disabled (updated_at timestamptz);
              create trigger set_updated_at before update on jobs.offence_disabled for each row execute function shared.set_updated_at();
              alter table jobs.offence_disabled disable trigger set_updated_at;
              create table jobs.offence_insert (updated_at timestamptz);
              create trigger set_updated_at before insert on jobs.offence_insert for each row execute function shared.set_updated_at()`,
    finds: ['jobs.offence_column', 'jobs.offence_disabled', 'jobs.offence_insert', 'jobs.offence_trigger'],
  },
  {
    name: 'no column has a type that loses or invents something, and none is serial',
    query: `select t.name || '.' || a.attname from ${OUR_TABLES}
            join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
            left join pg_catalog.pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
            where a.atttypid in ('timestamp'::regtype, 'timetz'::regtype, 'json'::regtype, 'bpchar'::regtype, 'varchar'::regtype, 'money'::regtype)
              or pg_catalog.pg_get_expr(d.adbin, d.adrelid) like 'nextval(%' order by 1`,
    offence: `create table jobs.offence (a timestamp, b timetz, c json, d char(3), e varchar(3), f varchar, g money, h serial, i bigserial)`,
    finds: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((column) => `jobs.offence.${column}`),
  },
  {
    name: 'every table and every partition is commented',
    query: `select c.oid::regclass::text from pg_catalog.pg_class c
            where c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text = any ($1)
              and coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') = '' order by 1`,
    offence: `create table jobs.offence (id bigint);
              create table jobs.job_runs_offence partition of jobs.job_runs for values from ('2001-01-01+00') to ('2001-02-01+00')`,
    finds: ['jobs.job_runs_offence', 'jobs.offence'],
  },
  {
    name: 'no table of ours lies in schema public, nor anything else',
    query: `select c.relname::text from pg_catalog.pg_class c where c.relnamespace = 'public'::regnamespace and $1::text[] is not null
            union all select p.proname from pg_catalog.pg_proc p where p.pronamespace = 'public'::regnamespace
            union all select y.typname from pg_catalog.pg_type y where y.typnamespace = 'public'::regnamespace and y.typrelid = 0 and y.typelem = 0
            order by 1`,
    offence: `create table public.offence_table (id bigint);
              create function public.offence_function() returns integer language sql return 1;
              create type public.offence_type as enum ('a')`,
    finds: ['offence_function', 'offence_table', 'offence_type'],
  },
];

describe('tables', () => {
  it('are exactly those of the mission, each in its schema, and three more', async () => {
    const names = await columnOf<string>(database.client, `select t.name from ${OUR_TABLES} order by 1`, [SCHEMAS]);
    expect(names).toEqual(ALL_TABLES);
    expect(names).toHaveLength(30);
  });

  it('that are partitioned are exactly the four that only grow', async () => {
    const names = await columnOf(database.client, `select t.name from ${OUR_TABLES} where t.relkind = 'p' order by 1`, [SCHEMAS]);
    expect(names).toEqual(PARTITIONED_TABLES);
  });

  it('without updated_at are exactly the seven protected ones and the two of keys', async () => {
    const names = await columnOf(
      database.client,
      `select t.name from ${OUR_TABLES}
       where not exists (select from pg_catalog.pg_attribute a where a.attrelid = t.oid and a.attname = 'updated_at') order by 1`,
      [SCHEMAS],
    );
    expect(names).toEqual([...PROTECTED_TABLES, ...KEY_TABLES].sort());
  });

  testRules(() => database.client, RULES, SCHEMAS);
});
