--! case: narrower and wider than what they refer to, in one table and in a partitioned one
create schema shop;
create domain shop.number as bigint;
create table shop.big (id bigint primary key);
create table shop.small (id smallint primary key);
create table shop.tiny (id smallint primary key);
create table shop.item (id int primary key, "Big" int constraint "Item to Big" references shop.big, small int references shop.small,
  wrapped shop.number references shop.tiny);
create table shop.event (id int, big int references shop.big) partition by range (id);
create table shop.event_1 partition of shop.event for values from (1) to (2);
--! expect: shop.item: "Item to Big", shop.item: item_small_fkey, shop.item: item_wrapped_fkey, shop.event: event_big_fkey
--! says: foreign key event_big_fkey of shop.event compares unlike types: big is integer, and refers to shop.big.id, which is bigint
--! fix: alter table shop.event alter column big type bigint; -- rewrites the table under a lock: on a large one add a new column, fill it in batches and swap
--! then: fixed

--! case: two columns in one key, and a number that text refers to
create table price (a numeric, b bigint, unique (a, b));
create table paid (a bigint, b int, foreign key (a, b) references price (a, b));
--! expect: public.paid: paid_a_b_fkey
--! says: a is bigint, and refers to public.price.a, which is numeric; b is integer, and refers to public.price.b, which is bigint
--! fix: alter table public.paid alter column a type numeric using a::numeric; alter table public.paid alter column b type bigint; -- rewrites the table under a lock: on a large one add a new column, fill it in batches and swap

--! case: equal, but for length, domain and the two spellings of text
create domain code as varchar(9);
create domain inner_code as code;
create table shop (id bigint primary key, name text unique, code inner_code unique, amount numeric(9, 2) unique);
create table item (shop bigint references shop, name varchar(3) references shop (name), code text references shop (code),
  amount numeric(4) references shop (amount));
--! expect: none

--! case: the role may not see the constraints
--! as: plain
revoke select on pg_catalog.pg_constraint from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_constraint to "verify_plain";
