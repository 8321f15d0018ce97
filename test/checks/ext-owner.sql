--! case: the application made the extension
--! policy: {"appRoles": ["Shop App"]}
create role "Shop App" login;
grant create on database checks to "Shop App";
create schema extensions;
grant create on schema extensions to "Shop App";
set local role "Shop App";
create extension pgcrypto schema extensions;
reset role;
--! expect: pgcrypto
--! says: extension pgcrypto belongs to the application role "Shop App"
--! fix: reassign owned by "Shop App" to "postgres"; -- gives away everything "Shop App" owns in this database: look at it first
--! then: fixed

--! case: an administrator made it
--! policy: {"appRoles": ["shop"]}
create extension pgcrypto;
--! expect: none

--! case: the role may not see the roles
--! policy: {"appRoles": ["shop"]}
--! as: plain
revoke select on pg_catalog.pg_roles from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_roles to "verify_plain";
