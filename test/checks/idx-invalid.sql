--! case: builds that broke off
create schema shop;
create table shop."Item" (a int, b text);
create unique index "By A" on shop."Item" (a);
create index by_b_ccnew on shop."Item" (b);
update pg_catalog.pg_index set indisvalid = false where indexrelid in ('shop."By A"'::regclass, 'shop.by_b_ccnew'::regclass);
--! expect: shop."By A", shop.by_b_ccnew
--! says: index shop."By A" of table shop."Item" is not whole: no query uses it, and it does not keep duplicates out
--! fix: reindex index concurrently shop."By A";

--! case: a rebuild left one behind
create table item (a int);
create index item_a_ccnew1 on item (a);
update pg_catalog.pg_index set indisready = false where indexrelid = 'item_a_ccnew1'::regclass;
--! expect: public.item_a_ccnew1
--! fix: drop index concurrently public.item_a_ccnew1; -- what reindex concurrently left behind

--! case: a partitioned one that not every partition has
create table event (id int) partition by range (id);
create table event_1 partition of event for values from (1) to (2);
create table "Event 2" partition of event for values from (2) to (3);
create index event_id on only event (id);
create index event_1_id on event_1 (id);
alter index event_id attach partition event_1_id;
--! expect: public.event_id
--! says: index public.event_id is not whole: these partitions have none under it: public."Event 2"
--! fix: -- on each of them: create index concurrently ...; alter index public.event_id attach partition ...; on public."Event 2"

--! case: a partitioned one with a partition's that is broken
create table event (id int) partition by range (id);
create table event_1 partition of event for values from (1) to (2);
create index event_id on event (id);
update pg_catalog.pg_index set indisvalid = false where indexrelid in ('event_id'::regclass, 'event_1_id_idx'::regclass);
--! expect: public.event_1_id_idx, public.event_id
--! fix: reindex index concurrently public.event_1_id_idx;

--! case: all whole
create table item (a int primary key, b text);
create index on item (b);
--! expect: none

--! case: the role may not see the indexes
--! as: plain
revoke select on pg_catalog.pg_index from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_index to "verify_plain";
