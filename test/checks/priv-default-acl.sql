--! case: without roles.yaml what is opened to everybody
create role "Keeper";
create role reader;
create schema "Sh op";
alter default privileges for role "Keeper" in schema "Sh op" grant select, insert on tables to public;
alter default privileges for role "Keeper" grant usage on schemas to public;
alter default privileges for role "Keeper" grant select on tables to reader;
--! expect: schemas of Keeper to PUBLIC, tables of Keeper in Sh op to PUBLIC
--! says: every role will get USAGE on all schemas that "Keeper" makes, which nothing declares
--! severity: medium
--! fix: alter default privileges for role "Keeper" revoke usage on schemas from public;
--! then: fixed

--! case: with roles.yaml what it does not say, and what it says
--! policy: {"defaultPrivileges": {"creators": ["keeper", "not_there"], "schemas": ["shop", "not_there"], "wanted": [
--!   {"creator": "keeper", "schema": "shop", "type": "r", "grantee": "reader", "privileges": ["SELECT"]},
--!   {"creator": "keeper", "schema": "shop", "type": "S", "grantee": "reader", "privileges": ["USAGE"]},
--!   {"creator": "keeper", "schema": "not_there", "type": "r", "grantee": "reader", "privileges": ["SELECT"]},
--!   {"creator": "keeper", "schema": null, "type": "T", "grantee": "PUBLIC", "privileges": ["USAGE"]}]}}
create role keeper;
create role reader;
create role stranger;
create schema shop;
create schema elsewhere;
alter default privileges for role keeper in schema shop grant select, delete on tables to reader;
alter default privileges for role stranger in schema shop grant select on tables to reader;
alter default privileges for role stranger in schema elsewhere grant select on tables to reader;
--! expect: routines of keeper to PUBLIC, sequences of keeper in shop to reader (missing), tables of keeper in shop to reader, tables of stranger in shop to reader
--! says: every role will get EXECUTE on all routines that keeper makes, which nothing declares
--! fix: alter default privileges for role keeper revoke execute on routines from public;
--! then: fixed

--! case: what is missing is low
--! policy: {"defaultPrivileges": {"creators": ["keeper"], "schemas": ["shop"], "wanted": [
--!   {"creator": "keeper", "schema": "shop", "type": "r", "grantee": "reader", "privileges": ["SELECT"]},
--!   {"creator": "keeper", "schema": null, "type": "f", "grantee": "PUBLIC", "privileges": ["EXECUTE"]},
--!   {"creator": "keeper", "schema": null, "type": "T", "grantee": "PUBLIC", "privileges": ["USAGE"]}]}}
create role keeper;
create role reader;
create schema shop;
--! expect: tables of keeper in shop to reader (missing)
--! says: role reader will not get SELECT on the tables that keeper makes in schema shop, which roles.yaml says
--! severity: low
--! fix: alter default privileges for role keeper in schema shop grant select on tables to reader;
--! then: fixed

--! case: nothing declared and nothing opened
create role keeper;
create role reader;
alter default privileges for role keeper grant select on tables to reader;
alter default privileges for role keeper revoke execute on routines from public;
--! expect: none

--! case: the role may not see the defaults
--! as: plain
revoke select on pg_catalog.pg_default_acl from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_default_acl to "verify_plain";
