--! case: never read, in a year of counting; in a partitioned table once
--! now: 2099-01-01T00:00:00Z
create schema shop;
create table shop."Item" (id bigint primary key, a int unique, b int);
create index "By B" on shop."Item" (b);
create table shop.event (id int, a int) partition by range (id);
create table shop.event_1 partition of shop.event for values from (1) to (2);
create index event_a on shop.event (a);
--! expect: shop."By B", shop.event_a
--! says: index shop."By B" of 8192 bytes was not read in
--! fix: -- not before every standby and the end of a month, quarter and year were thought of: drop index concurrently shop."By B";

--! case: too young to say
create table item (a int);
create index on item (a);
--! expect: checks (skipped)
--! says: less than 30 days say nothing about what is used at the end of a month

--! case: keys and constraints alone, which are there for another reason
--! now: 2099-01-01T00:00:00Z
create extension btree_gist;
create table item (id bigint primary key, a int unique, b int, exclude using gist (b with =));
create unique index on item (b, a);
--! expect: none

--! case: the role may not see the counters
--! as: plain
revoke execute on function pg_catalog.pg_stat_get_numscans(oid) from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.pg_stat_get_numscans(oid) to "verify_plain";
