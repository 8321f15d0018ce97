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

--! case: an index that is mostly empty; of its own values, of an expression, and of some rows
create schema shop;
create table shop."Order" (id int8, note text, flag bool);
insert into shop."Order" select n, case when n % 2 = 0 then pg_catalog.repeat('x', 70) end, true from pg_catalog.generate_series(1, 1000) as n;
create index "By id" on shop."Order" (id, flag) include (note);
create index by_lower on shop."Order" (pg_catalog.lower(note));
create index by_flag on shop."Order" (id) where flag;
create index by_hash on shop."Order" using hash (id);
create index full_one on shop."Order" (id);
analyze shop."Order";
update pg_catalog.pg_class set relpages = 65536, reltuples = 1000000
 where oid in ('shop."By id"'::regclass, 'shop.by_lower'::regclass, 'shop.by_flag'::regclass, 'shop.by_hash'::regclass);
update pg_catalog.pg_class set relpages = 65536, reltuples = 20000000 where oid = 'shop.full_one'::regclass;
--! expect: shop."By id", shop.by_lower, shop.by_flag
--! says: index shop."By id" is 512 MB, and about 439 MB of it (85 %) is empty space (an estimate)
--! fix: reindex index concurrently shop."By id";

--! case: indexes of a table the role may not read, of an expression, and of a table that was never analyzed
--! as: plain
create table secret (id int);
insert into secret values (1);
create index by_secret on secret (id);
analyze secret;
create table read (id int);
insert into read values (1);
create index by_expression on read ((id + 1));
create index by_column on read (id);
analyze read;
grant select on read to public;
create table fresh (id int);
create index by_fresh on fresh (id);
grant select on fresh to public;
update pg_catalog.pg_class set relpages = 65536
 where oid in ('by_secret'::regclass, 'by_fresh'::regclass, 'by_expression'::regclass);
update pg_catalog.pg_class set reltuples = -1 where oid = 'by_fresh'::regclass;
update pg_catalog.pg_class set relpages = 65536, reltuples = 20000000 where oid = 'by_column'::regclass;
--! expect: public.by_expression (unknown), public.by_fresh (unknown), public.by_secret (unknown)
--! says: statistics of the expressions of index public.by_expression are not there, or are shown to its owner alone
--! fix: analyze public.read;

--! case: one column's right shows one column's width, and a policy hides all
--! as: plain
create table half (id int, note text);
insert into half values (1, 'x');
analyze half;
grant select (id) on half to public;
create table policed (id int);
insert into policed values (1);
analyze policed;
grant select on policed to public;
alter table policed enable row level security;
update pg_catalog.pg_class set relpages = 65536, reltuples = 1 where oid in ('half'::regclass, 'policed'::regclass);
--! expect: public.half (unknown), public.policed (unknown)
--! says: role verify_plain may not see the statistics of table public.half
