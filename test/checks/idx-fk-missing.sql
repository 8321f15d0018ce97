--! case: no index, one that does not begin with it, one of some rows, of an expression, of another kind or order, one that is not whole
create schema shop;
create table shop.shop (id bigint primary key, code text unique);
create table shop."Item" (id bigint primary key, "Shop" bigint constraint "Item to Shop" references shop.shop);
create table shop.second (id bigint, shop bigint references shop.shop, primary key (id, shop));
create table shop.included (id bigint, shop bigint references shop.shop);
create index on shop.included (id) include (shop);
create table shop.partly (id bigint, shop bigint references shop.shop);
create index on shop.partly (shop) where shop > 5;
create table shop.computed (id bigint, shop bigint references shop.shop);
create index on shop.computed ((shop + 0));
create table shop.blocks (id bigint, shop bigint references shop.shop);
create index on shop.blocks using brin (shop);
create table shop.sorted (id bigint, code text references shop.shop (code));
create index on shop.sorted (code collate "C");
create table shop.broken (id bigint, shop bigint references shop.shop);
create index broken_shop on shop.broken (shop);
update pg_catalog.pg_index set indisvalid = false where indexrelid = 'shop.broken_shop'::regclass;
--! expect: shop."Item": "Item to Shop", shop.second: second_shop_fkey, shop.included: included_shop_fkey, shop.partly: partly_shop_fkey, shop.computed: computed_shop_fkey, shop.blocks: blocks_shop_fkey, shop.sorted: sorted_code_fkey, shop.broken: broken_shop_fkey
--! says: foreign key "Item to Shop" of shop."Item" has no index on ("Shop"): each delete in shop.shop reads the whole table
--! fix: create index concurrently on shop."Item" ("Shop");

--! case: a key of two columns that an index begins with only in part
create table shop (a int, b int, unique (a, b));
create table item (a int, b int, c int, foreign key (b, a) references shop (b, a));
create index on item (a, c, b);
--! expect: public.item: item_b_a_fkey
--! fix: create index concurrently on public.item (b, a);

--! case: partitions, of which one has none; with columns in another order
create table shop (id bigint primary key);
create table event (id int, shop bigint references shop, x int) partition by range (id);
create table event_1 partition of event for values from (1) to (2);
create table event_2 (x int, shop bigint, id int);
alter table event attach partition event_2 for values from (2) to (3);
create index on event_1 (shop);
create table empty (id int, shop bigint references shop) partition by range (id);
--! expect: public.event: event_shop_fkey, public.empty: empty_shop_fkey
--! says: foreign key empty_shop_fkey of public.empty has no index on (shop): each delete
--! then: fixed

--! case: covered: in any order, unique, hashed, without nulls, by the parts, by enough to be one row, in another type of the same family
create table shop (id bigint primary key, code text unique, a int, b int, unique (a, b));
create table plain (shop bigint references shop);
create index on plain (shop, (1));
create table one (shop bigint primary key references shop);
create table hashed (shop bigint references shop);
create index on hashed using hash (shop);
create table filled (shop bigint references shop);
create index on filled (shop) where shop is not null;
create table turned (a int, b int, c int, foreign key (a, b) references shop (a, b));
create index on turned (b, a, c);
create table enough (a int unique, b int, foreign key (a, b) references shop (a, b));
create table narrow (shop int references shop);
create index on narrow (shop desc);
create table patterned (code text references shop (code));
create index on patterned (code text_pattern_ops);
create table event (id int, shop bigint references shop) partition by range (id);
create table event_1 partition of event for values from (1) to (2);
create index on event_1 (shop);
create table whole (id int, shop bigint references shop) partition by range (id);
create index on whole (shop);
create table unlooked (shop bigint references shop not enforced);
--! expect: none

--! case: the role may not see the indexes
--! as: plain
revoke select on pg_catalog.pg_index from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_index to "verify_plain";
