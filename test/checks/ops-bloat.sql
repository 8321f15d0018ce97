--! case: four fifths of it are empty
create schema shop;
create table shop."Order" (id int, note text);
insert into shop."Order" select n, pg_catalog.repeat('x', 70) from pg_catalog.generate_series(1, 1000) as n;
analyze shop."Order";
update pg_catalog.pg_class set relpages = 65536, reltuples = 1000000 where oid = 'shop."Order"'::regclass;
--! expect: shop."Order"
--! says: table shop."Order" is 512 MB, and about 409 MB of it (79 %) is empty space (an estimate)

--! case: as full as its fillfactor, and a small one that is empty
create table half (id int, note text) with (fillfactor = 50);
create table small (id int);
insert into half select n, pg_catalog.repeat('x', 70) from pg_catalog.generate_series(1, 1000) as n;
insert into small values (1);
analyze half;
analyze small;
update pg_catalog.pg_class set relpages = 28000, reltuples = 1000000 where oid = 'half'::regclass;
update pg_catalog.pg_class set relpages = 12000, reltuples = 0 where oid = 'small'::regclass;
--! expect: none

--! case: statistics of a table the role may not read, and of one that has none
--! as: plain
create table secret (id int);
insert into secret values (1);
analyze secret;
create table fresh (id int);
update pg_catalog.pg_class set relpages = 65536 where oid in ('secret'::regclass, 'fresh'::regclass);
--! expect: public.secret (unknown), public.fresh (unknown)
--! fix: analyze public.fresh;

--! case: the role may not see the statistics
--! as: plain
revoke select on pg_catalog.pg_stats from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_stats to "verify_plain";
