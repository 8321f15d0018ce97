import { beforeAll, describe, expect, it } from 'vitest';
import type { MigrationFile } from '../../../../src/ops/migrate/file.ts';
import { readDefinitions, type Definitions } from '../../../../src/ops/verify/places/definitions.ts';
import { placeOf } from '../../../../src/ops/verify/places/object-place.ts';

/** A migrations folder; the table below counts its lines. */
const FILES = [
  `-- the shop
create schema shop;
create extension pg_trgm schema shop;
create table shop.orders (
  id bigint primary key,
  customer int constraint "of a customer" references shop.customers,
  "tötal €" numeric check ("tötal €" > 0),
  unique (customer, id)
);

/* an index,
   and more */ create index on shop.orders (customer);
create index orders_by_total on shop.orders ("tötal €");
create function shop.total(int) returns int language sql as 'select 1';
set local search_path = shop, public;
create view recent as select 1;
create role app login;
create table orders_archive (id int);
create event trigger watch on ddl_command_end execute function shop.total();`,
  `create or replace function shop.total(int) returns int language sql as 'select 2';
alter table shop.orders add column note text,
  add constraint noted check (note <> '');
alter table shop.orders_archive rename to orders_old;
alter table shop.orders_old rename column id to number;
create trigger stamp before insert on shop.orders for each row execute function f();
create policy mine on shop.orders;
create table public.gone (id int);
drop table gone;
create type shop.state as enum ('new');
create table "Odd ""one"".t"."t.b" (id int);`,
  `alter table public.late set schema shop;`,
  `alter schema shop rename to market;
create table public.orders (id int);
nonsense;`,
];
const migration = (sql: string, index: number): MigrationFile => ({
  version: index + 1,
  id: String(index + 1),
  slug: 'x',
  file: `${index + 1}.sql`,
  path: `${index + 1}.sql`,
  sql,
  sha256: '',
  bytesSha256: '',
  transactional: true,
});

describe('the place of an object', () => {
  let three: Definitions;
  let all: Definitions;
  beforeAll(async () => {
    const read = (files: readonly string[]) =>
      readDefinitions(
        files.map(migration),
        ({ file }) => file,
        () => 0,
      );
    three = await read(FILES.slice(0, 2));
    all = await read([...FILES.slice(0, 3), FILES[3]?.replace('nonsense;', '') ?? '']);
  });

  it.each<[string, string | null]>([
    ['shop.orders', '1.sql:4'],
    ['shop.orders.customer', '1.sql:6'],
    ['shop.orders."tötal €"', '1.sql:7'],
    ['constraint "of a customer" of shop.orders', '1.sql:6'],
    ['shop.orders: orders_pkey', '1.sql:5'],
    ['shop.orders_pkey', '1.sql:5'],
    ['shop.orders_customer_id_key', '1.sql:8'],
    ['"tötal €" of shop.orders', '1.sql:7'],
    ['shop.orders_customer_idx', '1.sql:12'],
    ['shop.orders_by_total', '1.sql:13'],
    ['orders_by_total', '1.sql:13'],
    ['shop.total(integer)', '2.sql:1'],
    ['shop.recent', '1.sql:16'],
    ['role app', '1.sql:17'],
    ['app', null],
    ['extension pg_trgm', '1.sql:3'],
    ['pg_trgm', '1.sql:3'],
    ['event trigger watch', '1.sql:19'],
    ['shop.orders.note', '2.sql:2'],
    ['shop.orders: noted', '2.sql:3'],
    ['shop.orders: app', '1.sql:4'],
    ['shop.orders_archive', null],
    ['shop.orders_old', '1.sql:18'],
    ['shop.orders_old.number', '1.sql:18'],
    ['stamp on shop.orders', '2.sql:6'],
    ['policy mine on shop.orders', '2.sql:7'],
    ['public.gone', null],
    ['shop.state', '2.sql:10'],
    ['"Odd ""one"".t"."t.b"', '2.sql:11'],
    ['shop.orders_2026_11', '1.sql:4'],
    ['shop.orders_p2026_11', '1.sql:4'],
    ['shop.nothing', null],
    ['cluster', null],
    ['archive_mode', null],
    ['schema shop', '1.sql:2'],
  ])('%s', (object, expected) => {
    const place = placeOf(object, three);
    expect(place === null ? null : `${place.file}:${place.line}`).toBe(expected);
  });

  it('follows a schema that is renamed, and leaves out a file that does not parse', async () => {
    expect(placeOf('market.orders.note', all)).toEqual({ file: '2.sql', line: 2 });
    expect(placeOf('shop.orders', all)).toBeNull();
    const broken = await readDefinitions(
      FILES.map(migration),
      ({ file }) => file,
      () => 0,
    );
    expect(placeOf('shop.orders', broken)).toEqual({ file: '1.sql', line: 4 });
  });

  const placesIn = async (...files: string[]) => {
    const found = await readDefinitions(
      files.map(migration),
      ({ file }) => file,
      () => 0,
    );
    return (object: string) => {
      const place = placeOf(object, found);
      return place === null ? null : [place.file, ...(place.line === undefined ? [] : [place.line])].join(':');
    };
  };

  const OVERLOADS = `create function shop.f(a int, b "char" default 'x') returns int language sql as '';
create function shop.f(b timestamptz[], variadic c shop."St,ate"[]) returns int language sql as '';
create function shop.f(out a int) language sql as '';
create function shop.f(x shop.orders.id%type, y double precision) returns int language sql as '';
create function shop.f(varchar(10)) returns table (n int) language sql as '';
create procedure shop.g(a numeric(10, 2), out b int) language sql as '';
create aggregate shop.largest(int) (sfunc = int4larger, stype = int);
create type shop.state as enum ('a');
create function shop.h(int) returns int language sql as '';
create function shop.h(text) returns int language sql as '';
create function shop.i(int) returns int language sql as '';
create function shop.i(text) returns int language sql as '';`;
  const CHANGES = `drop function shop.h(text);
alter function shop.i(int) rename to j;
create or replace function shop.f(int, "char") returns int language sql as 'select 1';`;

  it.each<[string, string | null]>([
    ['shop.f(integer,"char")', '2.sql:3'],
    ['shop.f(a integer, b "char")', '2.sql:3'],
    ['shop.f(timestamp with time zone[], shop."St,ate"[])', '1.sql:2'],
    ['shop.f(b timestamp with time zone[], VARIADIC c "St,ate"[])', '1.sql:2'],
    ['shop.f()', '1.sql:3'],
    ['shop.f(bigint, double precision)', '1.sql:4'],
    ['shop.f(character varying)', '1.sql:5'],
    ['shop.f(text)', null],
    ['shop.f(shop.state)', null],
    ['shop.f', null],
    ['shop.g(numeric)', '1.sql:6'],
    ['shop.g(a numeric, OUT b integer)', '1.sql:6'],
    ['shop.g', '1.sql:6'],
    ['shop.largest(integer)', '1.sql:7'],
    ['shop.h', '1.sql:9'],
    ['shop.h(text)', null],
    ['shop.j(integer)', '1.sql:11'],
    ['shop.i', '1.sql:12'],
    ['shop.i(integer)', null],
    ['state(integer)', null],
  ])('tells %s from others of its name', async (object, expected) => {
    expect((await placesIn(OVERLOADS, CHANGES))(object)).toBe(expected);
  });

  const BLOCK = `create table shop.early (id int);
do $do$
begin
  -- create table shop.remark ()
  if to_regclass('shop.early') is null then
    create table shop.early (id int);
  end if;
  create table shop.made (
    id int primary key,
    note text default 'it''s'
  );
  execute 'create table shop.dynamic (id int)';
  execute format('create table shop.half_%s (id int)', 1);
  execute format('create table shop.whole (id %s)', 'int');
  execute 'create table shop.joined_' || 1 || ' (id int)';
  execute 'create view shop.joined_view' || ' as select 1';
  execute format('create table if not exists %I.%I (id int)', 'shop', 'x');
  execute $q$ create index made_note on shop.made (note) $q$;
  if true then
    execute 'create table shop.twice (id int)';
  else
    execute 'create table shop.twice (id bigint)';
  end if;
  create temp table passing (id int);
  raise notice 'create table shop.told (id int)';
  create policy mine on shop.made;
end $do$;
do 'begin
  create table shop.quoted (note text default ''a'');
end';`;

  it.each<[string, string | null]>([
    ['shop.early', '1.sql:1'],
    ['shop.remark', null],
    ['shop.made', '1.sql:8'],
    ['shop.made.id', '1.sql:9'],
    ['shop.made_pkey', '1.sql:9'],
    ['shop.dynamic', '1.sql:12'],
    ['shop.half_1', null],
    ['shop.half_', null],
    ['shop.whole', '1.sql:14'],
    ['shop.joined_1', null],
    ['shop.joined_', null],
    ['shop.joined_view', null],
    ['public.if', null],
    ['shop.made_note', '1.sql:18'],
    ['shop.twice', '1.sql'],
    ['public.passing', null],
    ['shop.told', null],
    ['policy mine on shop.made', '1.sql:26'],
    ['shop.quoted', '1.sql'],
  ])('points into a DO block for %s', async (object, expected) => {
    expect((await placesIn(BLOCK))(object)).toBe(expected);
  });

  it('stops when it takes too long', async () => {
    const some = await readDefinitions(
      FILES.map(migration),
      ({ file }) => file,
      () => 60_000,
    );
    expect(some.size).toBe(0);
  });
});
