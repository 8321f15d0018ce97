--! case: no path, and paths that are searched after temporary tables
create role keeper;
create schema "Shop ""App""" authorization keeper;
create function "Shop ""App"""."n one"(int) returns int language sql security definer as 'select 1';
create function "Shop ""App""".without() returns int language sql security definer set search_path = pg_catalog as 'select 1';
create function "Shop ""App""".first() returns int language sql security definer set search_path = pg_temp, pg_catalog as 'select 1';
alter function "Shop ""App"""."n one"(int) owner to keeper;
alter function "Shop ""App""".without() owner to keeper;
alter function "Shop ""App""".first() owner to keeper;
--! expect: "Shop ""App""".first(): pg_temp, "Shop ""App"""."n one"(integer), "Shop ""App""".without(): pg_temp
--! says: "Shop ""App"""."n one"(integer) runs as keeper and has no search_path: what it names comes from the schemas of its caller
--! severity: high
--! fix: alter routine "Shop ""App"""."n one"(integer) set search_path = "Shop ""App""", pg_temp;
--! then: fixed

--! case: the path alone
create function public.first() returns int language sql security definer set search_path = pg_temp, pg_catalog as 'select 1';
--! expect: public.first(): pg_temp
--! says: public.first() runs as postgres, and temporary tables and views of its caller come before its search_path (pg_temp, pg_catalog)
--! fix: alter routine public.first() set search_path = pg_catalog, pg_temp;
--! then: fixed

--! case: over schemas that others write to
create role keeper;
create role partner;
create role landlord;
create schema open authorization keeper;
grant create on schema open to public, partner;
create schema "Land" authorization landlord;
create function open.pay() returns int language sql security definer set search_path = open, "Land", pg_temp as 'select 1';
alter function open.pay() owner to keeper;
--! expect: open.pay(): "Land", open.pay(): open
--! says: open.pay() runs as keeper and looks in schema "Land", where landlord is the owner

--! case: what is written in a path that others write to
create role keeper;
create role partner;
create schema open authorization keeper;
grant create on schema open to public, partner;
create function open.pay() returns int language sql security definer set search_path = open, pg_temp as 'select 1';
alter function open.pay() owner to keeper;
--! expect: open.pay(): open
--! says: open.pay() runs as keeper and looks in schema open, where partner may create and everybody may create: what it calls may be theirs
--! severity: high
--! fix: revoke create on schema open from partner, public;
--! then: fixed

--! case: in the schema of another role
create role keeper;
create role landlord;
create schema land authorization landlord;
create function land.pay() returns int language sql security definer set search_path = land, pg_temp as 'select 1';
alter function land.pay() owner to keeper;
--! expect: land.pay(): land
--! says: land.pay() runs as keeper and looks in schema land, where landlord is the owner: what it calls may be theirs
--! severity: medium
--! fix: alter routine land.pay() owner to landlord; -- or name every schema in its body, and set search_path = ''
--! then: fixed

--! case: right ones, compiled, looked up when made, with the rights of the caller, of an extension
create extension pg_stat_statements;
alter function pg_stat_statements_reset(oid, oid, bigint, boolean) security definer;
create role "Keeper X";
create schema "Keeper X" authorization "Keeper X";
create function "Keeper X".a() returns int language sql security definer set search_path = '' as 'select 1';
create function "Keeper X".b() returns int language sql security definer set search_path = pg_catalog, "$user", pg_temp as 'select 1';
create function "Keeper X".c() returns int language sql security definer begin atomic select 1; end;
create function "Keeper X".d() returns int language sql as 'select 1';
create function "Keeper X".e() returns int language sql security definer set search_path = public, pg_temp as 'select 1';
alter function "Keeper X".b() owner to "Keeper X";
--! expect: none

--! case: the role may not see the functions
--! as: plain
revoke select on pg_catalog.pg_proc from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_proc to "verify_plain";
