--! case: attributes nobody listed, on logins and on groups, and a listed one somebody else can put on
--! policy: {"attributes": {"createrole": [], "createdb": [], "bypassrls": ["dump"], "replication": ["dump"]}}
create role dump login bypassrls replication;
create role "App" login createrole bypassrls;
create role makers createdb;
create role web login;
grant dump to web with inherit false, set true;
--! expect: App, makers, web as dump
--! says: role "App" has BYPASSRLS and CREATEROLE, and nothing lists it for that
--! severity: high
--! fix: alter role "App" nobypassrls nocreaterole;
--! then: fixed

--! case: to make databases alone
create role makers createdb;
--! expect: makers
--! severity: medium

--! case: listed, superusers, inherited alone, the vendor's
--! policy: {"attributes": {"createrole": ["admin"], "createdb": ["admin"], "bypassrls": [], "replication": []},
--!   "vendors": [{"superusers": ["postgres"], "setting": "x.y", "roles": ["host_admin"]}]}
create role admin login createrole createdb;
create role boss login superuser bypassrls;
create role host_admin login createrole replication;
create role tenant login;
grant host_admin to tenant;
create role web login;
grant admin to web with inherit true, set false;
--! expect: none

--! case: the role may not see the roles
--! as: plain
revoke select on pg_catalog.pg_roles from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_roles to "verify_plain";
