import pg from 'pg';
import { expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { createDatabase } from '../../../src/ops/restore/preflight.ts';
import { restoreLogical, type Restored } from '../../../src/ops/restore/restore.ts';
import { onServer } from '../../support/connection.ts';
import { QUIET, backupBench } from './support.ts';

/** Names, encodings and values a dump has to bring back as they are, however the database is set. */
const bench = backupBench();
const url = (database?: string) => bench.server.url(database);

async function roundTrip(database: string): Promise<Restored> {
  const manifest = await bench.create(database);
  const name = `${database}_again`;
  await onServer(url(), createDatabase(name, manifest.source));
  const target = bench.server.target(name);
  return withSession(target, { access: 'write', statementTimeoutMs: 0 }, (session) =>
    restoreLogical(session, { ...QUIET, repository: bench.repository, manifest, target, tools: bench.tools, jobs: 1 }),
  );
}

it('names with quotes, dots, line breaks and letters of other alphabets', async () => {
  const [database, table] = [`n'"ä x`, `"s.a""'ü"."t.\nnew ""q'"`];
  await onServer(url(), `create database "${database.replaceAll('"', '""')}"`, `create role "r""o'le"`);
  await onServer(
    url(database),
    `create schema "s.a""'ü"`,
    `create table ${table} (id serial primary key, "c\n'""x" text)`,
    `insert into ${table} values (1, 'x')`,
    `grant select on ${table} to "r""o'le"`,
    `create view "v'w" as select 1 as one`,
    `create function "f'n"("a'b" int) returns int language sql as 'select 1'`,
  );
  expect(await roundTrip(database)).toMatchObject({ data: [], definitions: [] });
});

it('an encoding and a locale of libc, on a server whose own locale is builtin', async () => {
  await onServer(url(), `create database latin template template0 encoding 'LATIN1' locale_provider libc locale 'C'`);
  await onServer(url('latin'), 'create table "straße" (t text, j json)', `insert into "straße" values ('äöü', '"ä"')`);
  expect(await roundTrip('latin')).toMatchObject({ data: [], definitions: [] });
  const client = new pg.Client({ connectionString: url('latin_again') });
  await client.connect();
  const { rows } = await client.query(
    'select datlocprovider as provider, datlocale as locale from pg_database where datname = current_database()',
  );
  await client.end();
  expect(rows).toEqual([{ provider: 'c', locale: null }]);
});

it('values at the ends of their types, and settings that write them otherwise', async () => {
  await onServer(url(), 'create database odd');
  await onServer(
    url('odd'),
    'create extension hstore',
    `create table by_text (f float8, g float4, n numeric, i interval, d timestamptz, x xml, b bytea, v varbit, m money, a text[], r int4range, day date)`,
    `insert into by_text values
       ('-0', 'NaN', 'NaN', '-178000000 years', 'infinity', '<a/>', '\\x00ff', B'101', '$1.00', '{a,NULL,"NULL"}', '[1,2)', '-infinity'),
       ('Infinity', '-0', 1.00, '1 mon', '4713-01-01 BC', null, '', '', '-5', '{}', 'empty', '5874897-12-31')`,
    'create table by_record as select f, g, n, i, d, b, a, r, day from by_text',
    `create table of_extensions as select 'a=>1'::hstore as h, 'x'::tsvector as v, '(1,2)'::point as p`,
    'create table generated (a int, stored int generated always as (a * 3) stored, virtual int generated always as (a * 2) virtual)',
    'insert into generated values (1)',
    'create table no_column ()',
    'insert into no_column default values',
    'create table dropped (a int, b text, c int)',
    `insert into dropped values (1, 'x', 2)`,
    'alter table dropped drop column b, add e int default 7',
    `create table toasted as select string_agg(md5(n::text), '') as t from generate_series(1, 100000) n`,
  );
  const settings = {
    datestyle: 'German',
    bytea_output: 'escape',
    extra_float_digits: '-5',
    intervalstyle: 'sql_standard',
    timezone: 'Asia/Kolkata',
    standard_conforming_strings: 'off',
    quote_all_identifiers: 'on',
  };
  await onServer(url(), ...Object.entries(settings).map(([name, value]) => `alter database odd set ${name} = '${value}'`));
  expect(await roundTrip('odd')).toMatchObject({ data: [], definitions: [] });
});
