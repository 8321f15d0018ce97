--! case: off for the server
--! server: odd
--! expect: autovacuum, track_counts
--! says: autovacuum is off: dead rows stay, in every database, until somebody vacuums by hand
--! fix: alter system set autovacuum = on; select pg_reload_conf();

--! case: taken off tables, their long values, a partition
create schema shop;
create table shop."Order" (id int) with (autovacuum_enabled = off);
create table shop.note (body text) with (toast.autovacuum_enabled = false);
create table shop.event (id int) partition by range (id);
create table shop.event_1 partition of shop.event for values from (1) to (2) with (autovacuum_enabled = no);
create materialized view shop.total with (autovacuum_enabled = 0) as select 1 as id;
--! expect: shop."Order", shop.note (TOAST), shop.event_1, shop.total
--! says: autovacuum is taken off table shop."Order"
--! fix: alter table shop."Order" reset (autovacuum_enabled);
--! then: fixed

--! case: on, and tables with settings of their own
create table kept (id int) with (autovacuum_enabled = on, autovacuum_vacuum_scale_factor = 0);
create temp table mine (id int) with (autovacuum_enabled = off);
--! expect: none

--! case: the session does not count, and the server's value is not to be seen
set local track_counts = off;
--! expect: unknown
--! fix: run dbctl verify in a session that does not set track_counts

--! case: the role may not see the tables
--! as: plain
revoke select on pg_catalog.pg_class from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_class to "verify_plain";
