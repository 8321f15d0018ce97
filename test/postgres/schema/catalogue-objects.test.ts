import { describe, expect, it } from 'vitest';
import { testRules, type Rule } from './rules.ts';
import { columnOf, rowsOf, useSchemaDatabase } from './support.ts';
import { SCHEMAS } from './tables.ts';

const database = useSchemaDatabase();

const OUR_FUNCTIONS = `pg_catalog.pg_proc p where p.pronamespace::regnamespace::text = any ($1)`;

const FUNCTION_RULES: readonly Rule[] = [
  {
    name: 'no function runs with the rights of its owner',
    query: `select p.oid::regprocedure::text from ${OUR_FUNCTIONS} and p.prosecdef order by 1`,
    offence: `create function jobs.offence() returns integer language sql security definer return 1`,
    finds: ['jobs.offence()'],
  },
  {
    name: 'every function has an empty search_path of its own',
    query: `select p.oid::regprocedure::text from ${OUR_FUNCTIONS} and not coalesce(p.proconfig, '{}') @> '{"search_path=\\"\\""}' order by 1`,
    offence: `create function jobs.offence_a() returns integer language sql return 1;
              create function jobs.offence_b() returns integer language sql set search_path = jobs return 1`,
    finds: ['jobs.offence_a()', 'jobs.offence_b()'],
  },
  {
    name: 'no function may be executed by everybody',
    query: `select p.oid::regprocedure::text from ${OUR_FUNCTIONS} and pg_catalog.has_function_privilege('public', p.oid, 'execute') order by 1`,
    offence: `create function jobs.offence() returns integer language sql return 1;
              grant execute on function delivery.bind_repo_session(text, uuid) to public`,
    finds: ['delivery.bind_repo_session(text,uuid)', 'jobs.offence()'],
  },
  {
    name: 'every function and every enum type is commented',
    query: `select p.oid::regprocedure::text from ${OUR_FUNCTIONS} and pg_catalog.obj_description(p.oid, 'pg_proc') is null
            union all
            select y.oid::regtype::text from pg_catalog.pg_type y
            where y.typtype = 'e' and y.typnamespace::regnamespace::text = any ($1) and pg_catalog.obj_description(y.oid, 'pg_type') is null
            order by 1`,
    offence: `create function jobs.offence() returns integer language sql return 1; create type jobs.offence as enum ('a')`,
    finds: ['jobs.offence', 'jobs.offence()'],
  },
];

const CONSTRAINT_RULES: readonly Rule[] = [
  {
    name: 'every constraint is validated and enforced',
    query: `select k.conname::text from pg_catalog.pg_constraint k
            where k.connamespace::regnamespace::text = any ($1) and not (k.convalidated and k.conenforced) order by 1`,
    offence: `alter table content.labs add constraint offence_valid check (title <> '') not valid;
              alter table content.labs add constraint offence_enforced check (title <> '') not enforced`,
    finds: ['offence_enforced', 'offence_valid'],
  },
  {
    name: 'every foreign key has the very types of what it refers to',
    query: `select k.conname::text from pg_catalog.pg_constraint k
            cross join lateral unnest(k.conkey, k.confkey) as pair (here, there)
            join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.here
            join pg_catalog.pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.there
            where k.contype = 'f' and k.connamespace::regnamespace::text = any ($1)
              and (a.atttypid, a.atttypmod, a.attcollation) <> (b.atttypid, b.atttypmod, b.attcollation) order by 1`,
    offence: `create table jobs.offence (job integer constraint offence_fkey references execution.verification_jobs (id))`,
    finds: ['offence_fkey'],
  },
];

const NAME_RULES: readonly Rule[] = [
  {
    name: 'every name is lower case snake_case',
    query: `select o.name from (
              select c.relname::text as name, c.relnamespace as namespace from pg_catalog.pg_class c
              union all select a.attname, c.relnamespace from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
                        where a.attnum > 0 and not a.attisdropped
              union all select k.conname, k.connamespace from pg_catalog.pg_constraint k
              union all select p.proname, p.pronamespace from pg_catalog.pg_proc p
              union all select y.typname, y.typnamespace from pg_catalog.pg_type y where y.typtype in ('e', 'd')
              union all select g.tgname, c.relnamespace from pg_catalog.pg_trigger g join pg_catalog.pg_class c on c.oid = g.tgrelid
                        where not g.tgisinternal
            ) o
            where o.namespace::regnamespace::text = any ($1) and o.name !~ '^[a-z][a-z0-9_]*$' order by o.name collate "C"`,
    offence: `create table jobs."Offence" ("userId" bigint, constraint "Offence check" check (true));
              create function jobs."offenceFunction"() returns integer language sql return 1;
              create type jobs."offence-type" as enum ('a')`,
    finds: ['Offence', 'Offence check', 'offence-type', 'offenceFunction', 'userId'],
  },
];

describe('functions and types', () => testRules(() => database.client, FUNCTION_RULES, SCHEMAS));
describe('constraints', () => testRules(() => database.client, CONSTRAINT_RULES, SCHEMAS));
describe('names', () => testRules(() => database.client, NAME_RULES, SCHEMAS));

describe('schemas', () => {
  it('are the nine of ours, one of extensions and one of the tool, each of ours commented', async () => {
    const rows = await rowsOf<{ name: string; commented: boolean }>(
      database.client,
      `select n.nspname as name, pg_catalog.obj_description(n.oid, 'pg_namespace') is not null as commented
       from pg_catalog.pg_namespace n where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public', 'dbctl') order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([...SCHEMAS, 'extensions'].sort());
    expect(rows.filter(({ commented }) => !commented)).toEqual([{ name: 'extensions', commented: false }]);
  });

  it('are open to nobody but their owner', async () => {
    const open = `select n.nspname::text from pg_catalog.pg_namespace n
                  where n.nspname = any ($1) and pg_catalog.has_schema_privilege('public', n.oid, 'usage') order by 1`;
    expect(await columnOf(database.client, open, [SCHEMAS])).toEqual([]);
    expect(await columnOf(database.client, open, [['pg_catalog']])).toEqual(['pg_catalog']);
  });

  it('hold the four extensions in a place of their own', async () => {
    const rows = await rowsOf(
      database.client,
      `select e.extname as name, e.extnamespace::regnamespace::text as schema from pg_catalog.pg_extension e where e.extname <> 'plpgsql' order by 1`,
    );
    const names = ['pg_stat_statements', 'pg_trgm', 'pgcrypto', 'uuid-ossp'];
    expect(rows).toEqual(names.map((name) => ({ name, schema: 'extensions' })));
  });
});
