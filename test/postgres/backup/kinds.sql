-- A database with an object of every kind pg_dump knows, and the values that hashing and text forms are likely to get wrong.
create schema kinds;
set search_path = kinds;
comment on schema kinds is 'every kind';
create type mood as enum ('sad', 'ok', 'happy');
create type pair as (a int, b text);
create type span as range (subtype = int4);
create domain short as varchar(10) check (value <> '');
create sequence counter start 100 increment 7;
create sequence backwards increment -1;
create sequence never;
select nextval('counter'), nextval('counter'), nextval('backwards');
create function upper_it(text) returns text language sql immutable set search_path = pg_catalog as 'select upper($1)';
create function touch() returns trigger language plpgsql set search_path = pg_catalog as 'begin return new; end';
create procedure nothing() language sql as 'select 1';
create aggregate total (int4) (sfunc = int4pl, stype = int4, initcond = '0');
create function same(pair, pair) returns boolean language sql immutable as 'select ($1).a = ($2).a';
create operator === (leftarg = pair, rightarg = pair, function = same);
create cast (text as pair) with inout;
create collation ordered (provider = icu, locale = 'und', deterministic = false);
create text search configuration plain (copy = pg_catalog.simple);
create table scalars (
  id int generated always as identity primary key,
  n numeric, f float8, r real, t text collate ordered, c char(5), b bytea, d date, ts timestamp, tz timestamptz, i interval, u uuid,
  net inet, bits bit varying, m mood, p pair, s short, a int[], aa text[][], e mood[], sp span, js json, jb jsonb, x xml, pt point,
  v tsvector, cls regclass, money money, macaddr macaddr,
  stored int generated always as (length(t)) stored,
  twice int generated always as (id * 2) virtual
);
insert into scalars (n, f, r, t, c, b, d, ts, tz, i, u, net, bits, m, p, s, a, aa, e, sp, js, jb, x, pt, v, cls, money, macaddr) values
  ('NaN', 'Infinity', 1.1, E'tab\there\nline\\back', 'ab', '\xdeadbeef00', 'infinity', '2026-01-01 00:00:00.000001', '-infinity', '1 mon -2 days 03:04:05.678',
   '00000000-0000-0000-0000-000000000001', '10.0.0.1/8', '101', 'happy', row(1, 'a"b'), 'x', '{1,NULL,3}', '{{a,b},{c,NULL}}', '{sad,ok}', '[1,5)',
   '{"b": 1.0,  "a": [1, 2]}', '{"b": 1.00, "a": null}', '<a>&lt;</a>', '(1.5,-2)', 'fat:1 cat:2', 'pg_class', 12.34, '08:00:2b:01:02:03'),
  (1.00, '-0', 'NaN', '', null, '', '0044-03-15 BC', 'infinity', '2026-06-01 12:00:00+05:30', '0', null, null, '', null, null, null, '{}', '{}', '{}', 'empty',
   'null', '[]', null, null, '', null, null, null),
  (123456789012345678901234567890.123456789, 1e-300, 3.4e38, 'naïve — 日本語 😀', 'x    ', '\x00', null, null, null, null, null, '::1', null, 'sad', row(null, null), null,
   null, null, null, null, '"text"', '"text"', '<b/>', null, null, 'kinds.counter', null, null);
create table measures (at date not null, kind text not null, value int, primary key (at, kind)) partition by range (at);
create table measures_2026 partition of measures for values from ('2026-01-01') to ('2027-01-01') partition by list (kind);
create table measures_2026_a partition of measures_2026 for values in ('a');
create table measures_rest partition of measures default;
insert into measures select '2026-01-01'::date + n, 'a', n from generate_series(0, 99) n;
insert into measures select '2020-01-01'::date + n, 'b', -n from generate_series(0, 49) n;
create table base (id int, note text);
create table derived (extra text) inherits (base);
insert into base values (1, 'base');
insert into derived values (2, 'derived', 'more');
create table refs (id int primary key, scalar int references scalars on delete set null deferrable initially deferred, self int references refs);
insert into refs values (1, 1, 1), (2, 2, 1);
create unlogged table scratch (id int);
insert into scratch values (1);
create table "Odd name ""quoted""" ("Column with space" int, "select" text);
insert into "Odd name ""quoted""" values (1, 'one');
create table policed (owner name default current_user, secret text);
insert into policed values ('ann', 'a'), ('bob', 'b');
alter table policed enable row level security;
create policy own on policed using (owner = current_user) with check (owner = current_user);
create view seen with (security_barrier) as select id, note from base;
create materialized view summed as select kind, sum(value) as total from measures group by kind;
create unique index on summed (kind);
create rule upsert as on insert to seen do instead insert into base values (new.id, new.note);
create trigger touches before insert on base for each row execute function touch();
create trigger always after update on base for each statement execute function touch();
alter table base enable always trigger always;
create trigger off before delete on base for each row execute function touch();
alter table base disable trigger off;
create trigger replica before update on base for each row execute function touch();
alter table base enable replica trigger replica;
create index on scalars using gin (jb);
create index partial on scalars (lower(c)) where m = 'happy';
create statistics correlated (dependencies) on at, kind from measures;
alter table base add constraint later check (id > 0) not valid;
create publication everything for table refs;
create function log_ddl() returns event_trigger language plpgsql set search_path = pg_catalog as 'begin end';
create event trigger watching on ddl_command_end execute function log_ddl();
alter event trigger watching enable always;
grant select on base to t_backup_reader;
grant usage on schema kinds to t_backup_reader;
grant select (id) on refs to t_backup_reader with grant option;
alter table policed owner to t_backup_owner;
alter default privileges in schema kinds grant select on tables to t_backup_reader;
comment on column base.note is 'a note with ''quotes'' and — dashes';
select lo_from_bytea(4711, '\x0102030405'), lo_from_bytea(4712, convert_to(repeat('large ', 100000), 'UTF8'));
