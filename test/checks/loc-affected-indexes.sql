--! case: indexes on, with and under a collation that changed
create collation german (provider = icu, locale = 'de');
create table customer (name text collate german, code text);
create index by_name on customer (name);
create unique index by_code on customer (code);
create index by_expression on customer ((code collate german));
create index by_predicate on customer (code) where code collate german > 'm';
update pg_catalog.pg_collation set collversion = '1.0' where collname = 'german';
--! expect: public.by_name, public.by_expression, public.by_predicate
--! says: index public.by_expression is ordered by collation german, which changed: it may miss rows until it is rebuilt
--! fix: reindex index concurrently public.by_expression; -- for every index listed, then refresh the version of the collation

--! case: indexes in the database's own collation, when that changed
create schema "Shop";
create table "Shop"."Order" (number bigint primary key, code text unique, note text collate "C");
create index on "Shop"."Order" (note);
update pg_catalog.pg_database set datcollversion = '0.9' where datname = 'checks';
--! expect: "Shop"."Order_code_key"
--! says: is ordered by the collation of database checks, which changed: it may miss rows and let duplicates in until it is rebuilt
--! fix: reindex index concurrently "Shop"."Order_code_key"; -- for every index listed, then refresh the version of the collation

--! case: another database's collation changed
create table customer (name text unique);
update pg_catalog.pg_database set datcollversion = '0.9' where datname = 'postgres';
--! expect: none

--! case: nothing changed
create table customer (name text unique, city text collate "de-x-icu" unique);
--! expect: none

--! case: the role may not see the indexes
--! as: plain
revoke select on pg_catalog.pg_index from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_index to "verify_plain";
