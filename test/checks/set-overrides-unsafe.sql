--! case: paths over schemas where others may create
create role "Shop App" login;
create role partner login;
create schema "Shop ""Tools""";
create schema open;
grant create on schema "Shop ""Tools""" to partner;
grant create on schema open to public;
alter role "Shop App" set search_path = "$user", "Shop ""Tools""", pg_catalog;
alter database checks set search_path = open;
--! expect: search_path of role "Shop App": "Shop ""Tools""", search_path of database checks: open
--! says: database checks has schema open in its search_path, and everybody may create there: what it calls may be theirs
--! fix: revoke create on schema open from public;
--! then: fixed

--! case: libraries for a role and for everybody, policies off for a database
create role shop login;
alter role shop set session_preload_libraries = 'auto_explain';
alter role all set local_preload_libraries = 'tracer';
alter database checks set row_security = off;
--! expect: session_preload_libraries of role shop, local_preload_libraries of role all, row_security of database checks
--! says: role all loads tracer into every session of its own
--! severity: high
--! fix: alter role all reset local_preload_libraries;
--! then: fixed

--! case: a dump that must not miss rows, own schemas, libraries taken back, group roles, other databases
create role dump login bypassrls;
create role shop login;
create role staff nologin;
create schema shop authorization shop;
create schema tools;
grant create on schema tools to shop;
alter role dump set row_security = off;
alter role shop set search_path = "$user", tools, public, missing;
alter role shop set session_preload_libraries = '';
alter role staff set local_preload_libraries = 'tracer';
create schema open;
grant create on schema open to public;
alter database postgres set search_path = open;
--! expect: none

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";

--! case: what another entry wins over in every session here
create role shop login;
create schema open;
grant create on schema open to public;
alter role shop set search_path = open;
alter role shop in database checks set search_path = '';
alter role shop set row_security = off;
alter role shop in database checks set row_security = on;
alter role shop in database postgres set session_preload_libraries = 'auto_explain';
--! expect: none
