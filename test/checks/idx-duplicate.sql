--! case: the same twice, the beginning of another, the same read backwards
create schema shop;
create table shop."Item" (id bigint primary key, a int, b int, t text, n int not null);
create unique index item_id on shop."Item" (id);
create index "A" on shop."Item" (a);
create index ab on shop."Item" (a, b);
create index a_down on shop."Item" (a desc);
create index ab_down on shop."Item" (a desc, b desc);
create index lower_1 on shop."Item" (lower(t));
create index lower_2 on shop."Item" (lower(t), a);
create index some_1 on shop."Item" (b) where a > 0;
create index some_2 on shop."Item" (b) where a > 0;
create unique index n_1 on shop."Item" (n);
create index n_2 on shop."Item" (n);
create index h_1 on shop."Item" using hash (t);
create index h_2 on shop."Item" using hash (t);
--! expect: shop.item_id, shop."A", shop.a_down, shop.ab_down, shop.lower_1, shop.some_2, shop.n_2, shop.h_2
--! says: index "A" of table shop."Item" says nothing that index ab does not: every write is made to both
--! fix: drop index concurrently shop."A";

--! case: constraints, what foreign keys rely on, what replication tells rows apart by
create table twice (id bigint not null, unique (id));
alter table twice add primary key (id);
create table relied (id bigint not null constraint relied_on unique);
create table relies (id bigint primary key references relied (id));
alter table relied add primary key (id);
create table replicated (id bigint not null);
create unique index replicated_by on replicated (id);
alter table replicated replica identity using index replicated_by;
alter table replicated add primary key (id);
--! expect: public.twice_id_key, public.relied_on, public.replicated_by
--! fix: -- foreign keys rely on it: drop them, then alter table public.relied drop constraint relied_on; and add them again, which takes relied_pkey

--! case: what the fixes do to constraints
create table twice (id bigint not null, unique (id));
alter table twice add primary key (id);
create table part (id bigint, a int) partition by range (id);
create table part_1 partition of part for values from (1) to (2);
create index part_a on part (a);
create index part_b on part (a);
--! expect: public.part_b, public.twice_id_key
--! fix: drop index public.part_b; -- with those of its partitions
--! then: fixed

--! case: a partition's own beside the one it has from its parent
create table part (id bigint, a int) partition by range (id);
create table part_1 partition of part for values from (1) to (2);
create index on part (a);
create index part_1_own on part_1 (a);
--! expect: public.part_1_own
--! fix: drop index concurrently public.part_1_own;

--! case: indexes that look alike and are not; three that are: before a longer unique one, before one that includes more, deferred
create table item (id bigint primary key, a int, b int, t text, n int unique deferrable);
create unique index strict on item (n);
create unique index on item (a);
create index on item (a, b);
create unique index on item (a, b, n) include (t);
create index on item (a nulls first);
create index on item (a, b desc);
create index on item (t);
create index on item (t text_pattern_ops);
create index on item (t collate "C");
create index on item (b) where a > 0;
create index on item (b) where a > 1;
create index on item (b);
create index on item (t, b) include (a);
create index on item (t, b) include (n);
create index on item using hash (t);
create index on item using hash (t) where a > 0;
create index on item using brin (a) with (pages_per_range = 8);
create index on item using brin (a) with (pages_per_range = 16);
--! expect: public.item_a_b_idx, public.item_n_key, public.item_t_idx

--! case: only different ones
create table item (id bigint primary key, a int, b int);
create index on item (a, b);
create index on item (b, a);
--! expect: none

--! case: the role may not see the indexes
--! as: plain
revoke select on pg_catalog.pg_index from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_index to "verify_plain";
