--! case: a guard that returns, one with a body of SQL, one that is gone
--! server: guarded
set local event_triggers = off;
create or replace function dbctl.refuse_row_change() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp as 'begin return old; end';
create or replace function dbctl.permitted(relation oid) returns boolean language sql security definer
  set search_path = pg_catalog, pg_temp begin atomic select true; end;
drop event trigger dbctl_5_refuse_rewrite;
drop function dbctl.refuse_rewrite();
--! expect: dbctl.refuse_row_change, dbctl.permitted, dbctl.refuse_rewrite
--! says: dbctl.permitted has another body
--! fix: dbctl immutability install --repair
--! severity: critical

--! case: the body is right and all else is not
--! server: guarded
set local event_triggers = off;
alter function dbctl.permitted(oid) strict security invoker immutable reset search_path;
alter function dbctl.refuse_ddl() owner to writer;
--! expect: dbctl.permitted, dbctl.refuse_ddl
--! says: is security invoker, runs with the search_path of its caller, is strict, is not volatile
--! fix: begin; insert into dbctl.permit (relation, purpose, reason) values (null, 'upgrade', 'guard function repaired'); alter function dbctl.permitted(oid) called on null input volatile security definer reset all set search_path = pg_catalog, pg_temp; commit;
--! severity: critical

--! case: inner functions may be called by others
--! server: guarded
grant execute on function dbctl.accept_shape(oid) to public;
grant execute on function dbctl.create_partition(regclass, text, text, text) to writer;
grant execute on function dbctl.use_unlock(uuid) to writer, archiver;
--! expect: dbctl.accept_shape, dbctl.create_partition, dbctl.use_unlock
--! says: dbctl.accept_shape may be executed by public
--! fix: revoke execute on function dbctl.accept_shape(oid) from public;
--! severity: high
--! then: fixed

--! case: a second function by the same name
--! server: guarded
set local event_triggers = off;
create function dbctl.permitted(relation regclass) returns boolean language sql as 'select true';
--! expect: dbctl.permitted(regclass)
--! says: is a second permitted
--! fix: begin; insert into dbctl.permit (relation, purpose, reason) values (null, 'upgrade', 'foreign function'); drop function dbctl.permitted(regclass); commit;
--! severity: high

--! case: something nobody knows in pg_catalog
--! server: guarded
set local event_triggers = off;
create function pg_catalog.jsonb_build_array(name) returns jsonb language sql immutable as 'select ''[]''::jsonb';
create function shop.never(regclass) returns boolean language sql as 'select false';
create operator pg_catalog.!! (rightarg = regclass, function = shop.never);
create extension citext schema pg_catalog;
--! expect: pg_catalog.jsonb_build_array, pg_catalog.!!
--! says: pg_catalog.!! (none, regclass) lies in pg_catalog and is no part of PostgreSQL
--! fix: drop operator pg_catalog.!! (none, regclass);
--! severity: medium
--! then: fixed

--! case: nothing of dbctl is in the database
--! server: guarded
--! database: encoding 'UTF8'
--! expect: schema dbctl
--! fix: dbctl immutability install
--! severity: critical

--! case: a function of the project beside them
--! server: guarded
create function shop.permitted(relation oid) returns boolean language sql as 'select true';
--! expect: none

--! case: the functions are those dbctl wrote
--! server: guarded
--! as: plain
--! expect: none

--! case: the role may not see the functions
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_proc from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_proc to "verify_plain";
