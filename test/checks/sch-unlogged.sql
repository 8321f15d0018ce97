--! case: a table, a partition, a sequence of nobody
create schema shop;
create unlogged table shop."Cart" (id bigserial primary key);
create table shop.event (id int) partition by range (id);
create unlogged table shop.event_1 partition of shop.event for values from (1) to (2);
create unlogged sequence shop.ticket;
--! expect: shop."Cart", shop.event_1, shop.ticket
--! says: table shop."Cart" is unlogged: after a crash or a failover it is empty
--! fix: alter table shop."Cart" set logged; -- writes all of it to the log, under a lock
--! then: fixed

--! case: all logged, and temporary ones
create table item (id serial primary key);
create temp table mine (id serial primary key);
--! expect: none

--! case: the role may not see the tables
--! as: plain
revoke select on pg_catalog.pg_class from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_class to "verify_plain";
