--! case: every kind of object
create schema "Shop ""Data""";
create table "Shop ""Data"""."Or'ders" (id int, note text);
create view "Shop ""Data""".recent as select 1 as one;
create sequence "Shop ""Data""".numbers;
grant select, insert on "Shop ""Data"""."Or'ders" to public;
grant update (note, id) on "Shop ""Data"""."Or'ders" to public;
grant select on "Shop ""Data""".recent to public;
grant usage on sequence "Shop ""Data""".numbers to public;
create function "Shop ""Data""".total(int, "char") returns int language sql return 1;
create function "Shop ""Data""".other() returns int language sql return 1;
create foreign data wrapper far;
create server far_away foreign data wrapper far;
grant usage on foreign data wrapper far to public;
grant usage on foreign server far_away to public;
grant set on parameter session_replication_role to public;
select lo_create(70001);
grant select on large object 70001 to public;
grant select on pg_catalog.pg_authid to public;
grant execute on function pg_catalog.pg_read_file(text) to public;
--! expect: foreign data wrapper far, foreign server far_away, large objects, parameter session_replication_role,
--!   routine pg_catalog.pg_read_file(text), routines of schema "Shop ""Data""", sequence "Shop ""Data""".numbers,
--!   table "Shop ""Data"""."Or'ders", table "Shop ""Data""".recent, table pg_catalog.pg_authid
--! says: every role has USAGE on foreign data wrapper far
--! severity: medium
--! fix: revoke usage on foreign data wrapper far from public;
--! then: fixed

--! case: routines of a schema are one finding, which is low
create schema shop;
create function shop.total(int) returns int language sql return 1;
create procedure shop.tidy() language sql as '';
create aggregate shop.sums(int) (sfunc = int4pl, stype = int);
--! expect: routines of schema shop
--! says: every role may call 3 routines of schema shop, such as sums
--! severity: low
--! fix: revoke execute on routine shop.sums(integer) from public; revoke execute on routine shop.tidy() from public; revoke execute on routine shop.total(integer) from public;
--! then: fixed

--! case: columns are named
create schema shop;
create table shop.orders (id int, "No te" text);
grant select (id, "No te") on shop.orders to public;
--! expect: table shop.orders
--! says: every role has SELECT of column No te, SELECT of column id on table shop.orders
--! fix: revoke select ("No te"), select (id) on table shop.orders from public;
--! then: fixed

--! case: what came so, what came with an extension, temporary, granted to a role, trigger functions, and what is listed
--! policy: {"publicGrants": [
--!   {"kind": "table", "schemas": ["shop"], "name": "^coun.*$", "args": null, "privileges": ["SELECT"], "columns": {}, "except": [{"schemas": ["shop"], "name": "^counters$"}]},
--!   {"kind": "table", "schemas": ["shop"], "name": "^users$", "args": null, "privileges": [], "columns": {"SELECT": ["id"]}, "except": []},
--!   {"kind": "routine", "schemas": ["shop"], "name": "^total$", "args": "integer", "privileges": ["EXECUTE"], "columns": {}, "except": []}]}
create extension pg_stat_statements;
create extension pgcrypto;
create role partner;
create schema shop;
create table shop.countries (id int);
grant select on shop.countries to public;
create table shop.users (id int);
grant select (id) on shop.users to public;
create function shop.total(int) returns int language sql return 1;
create function shop.fires() returns trigger language plpgsql as 'begin return new; end';
create table shop.orders (id int);
grant select on shop.orders to partner;
create function shop.own() returns int language sql return 1;
revoke execute on function shop.own() from public;
create function shop.definer() returns int language sql security definer return 1;
create temp table passing (id int);
grant select on passing to public;
--! expect: none

--! case: more than what is listed: another privilege, another signature, what is left out, a whole table
--! policy: {"publicGrants": [
--!   {"kind": "table", "schemas": ["shop"], "name": "^coun.*$", "args": null, "privileges": ["SELECT"], "columns": {}, "except": [{"schemas": ["shop"], "name": "^counters$"}]},
--!   {"kind": "table", "schemas": ["shop"], "name": "^users$", "args": null, "privileges": [], "columns": {"SELECT": ["id"]}, "except": []},
--!   {"kind": "routine", "schemas": ["shop"], "name": "^total$", "args": "integer", "privileges": ["EXECUTE"], "columns": {}, "except": []}]}
create schema shop;
create table shop.countries (id int);
grant select, delete on shop.countries to public;
create table shop.counters (id int);
grant select on shop.counters to public;
create table shop.users (id int);
grant select on shop.users to public;
create function shop.total(bigint) returns int language sql return 1;
--! expect: routines of schema shop, table shop.counters, table shop.countries, table shop.users
--! then: fixed

--! case: an extension that was opened further
create extension pg_stat_statements;
grant insert on pg_stat_statements to public;
--! expect: table public.pg_stat_statements
--! says: which came without
--! then: fixed

--! case: the role may not see what came with the server
--! as: plain
revoke select on pg_catalog.pg_init_privs from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_init_privs to "verify_plain";
