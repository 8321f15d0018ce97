--! case: open from the start, granted, a trigger function
create role "Shop Owner";
create schema "Shop ""App""";
create function "Shop ""App""".pay(int) returns int language sql security definer set search_path = '' as 'select 1';
create function "Shop ""App""".paid() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function "Shop ""App""".paid() from public;
grant execute on function "Shop ""App""".paid() to public;
alter function "Shop ""App""".paid() owner to "Shop Owner";
create function "Shop ""App""".record() returns trigger language plpgsql security definer set search_path = '' as 'begin return new; end';
--! expect: "Shop ""App""".paid(), "Shop ""App""".pay(integer), "Shop ""App""".record()
--! says: every role may call "Shop ""App""".paid(), which runs as "Shop Owner"
--! severity: high
--! fix: revoke execute on routine "Shop ""App""".paid() from public; -- then grant execute to the roles that call it
--! then: fixed

--! case: a trigger function alone
create schema shop;
create function shop.record() returns trigger language plpgsql security definer set search_path = '' as 'begin return new; end';
--! expect: shop.record()
--! says: every role may put trigger function shop.record() on a table of its own, and it runs as postgres, a superuser
--! severity: medium

--! case: closed, granted to one, with the rights of the caller, of an extension, of an event trigger, listed
--! policy: {"publicGrants": [{"kind": "routine", "schemas": ["shop"], "name": "^sign_.*$", "args": null, "privileges": ["EXECUTE"], "columns": {}, "except": []}]}
create extension pg_stat_statements;
alter function pg_stat_statements_reset(oid, oid, bigint, boolean) security definer;
grant execute on function pg_stat_statements_reset(oid, oid, bigint, boolean) to public;
create role app;
create schema shop;
create function shop.pay() returns int language sql security definer as 'select 1';
revoke execute on function shop.pay() from public;
grant execute on function shop.pay() to app;
create function shop.plain() returns int language sql as 'select 1';
create function shop.ddl() returns event_trigger language plpgsql security definer as 'begin end';
create function shop.sign_in() returns int language sql security definer as 'select 1';
--! expect: none

--! case: the role may not see the functions
--! as: plain
revoke select on pg_catalog.pg_proc from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_proc to "verify_plain";
