--! case: more than half, of a column, of a sequence, downwards, and of one whose sequence is wider
create schema shop;
create table shop."Item" (id serial primary key, small smallint generated always as identity);
alter sequence shop."Item_id_seq" as bigint;
select setval('shop."Item_id_seq"', 1800000000), setval('shop."Item_small_seq"', 17000);
create sequence shop.ticket maxvalue 100;
create sequence shop.down increment -1 minvalue -100;
create table shop.fills (n int default nextval('shop.ticket'));
select setval('shop.ticket', 60), setval('shop.down', -60);
--! expect: shop."Item_id_seq", shop."Item_small_seq", shop.ticket, shop.down
--! says: sequence shop."Item_id_seq" fills column id of shop."Item" (integer), and has given out 83 % of the numbers up to 2147483647: then every insert fails
--! severity: high
--! fix: alter table shop."Item" alter column id type bigint; -- rewrites the table under a lock: on a large one add a new column, fill it in batches and swap; columns that refer to it too

--! case: what the fixes do, and the columns of partitions
create table event (id serial, at date) partition by range (at);
create table event_2025 partition of event for values from ('2025-01-01') to ('2026-01-01');
create sequence ticket as smallint;
select setval('event_id_seq', 1100000000), setval('ticket', 20000);
--! expect: public.event_id_seq, public.ticket
--! severity: medium
--! says: fills column id of public.event (integer)
--! then: fixed

--! case: the role may not read the sequence, and silence is no pass
--! as: plain
create schema "Shop";
create table "Shop".item (id serial primary key, n bigserial);
create table "Shop".other (id int generated always as identity primary key);
--! expect: schema "Shop" (unknown)
--! says: may not read 2 sequences of schema "Shop", and what they have given out is in them alone
--! fix: grant select on sequence "Shop".item_id_seq to verify_plain;
--!   grant select on sequence "Shop".other_id_seq to verify_plain;

--! case: young ones, large ones, and one that begins again on purpose
create table item (id serial primary key, n bigserial);
select setval('item_id_seq', 1000000000), setval('item_n_seq', 9000000000000);
create sequence turn maxvalue 100 cycle;
select setval('turn', 99);
--! expect: none

--! case: the role may read what it is about
--! as: plain
create table item (id serial primary key);
grant select on sequence item_id_seq to public;
--! expect: none

--! case: the role may not see the sequences
--! as: plain
revoke select on pg_catalog.pg_sequence from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_sequence to "verify_plain";
