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

  it('stops when it takes too long', async () => {
    const some = await readDefinitions(
      FILES.map(migration),
      ({ file }) => file,
      () => 60_000,
    );
    expect(some.size).toBe(0);
  });
});
