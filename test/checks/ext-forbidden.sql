--! case: one that opens the machine
create extension file_fdw;
--! expect: file_fdw
--! says: extension file_fdw is installed in database checks and not listed: it reads files of the server
--! severity: high
--! fix: drop extension "file_fdw"; -- or list it under postgres.extensions.allowed in dbctl.yaml
--! then: fixed

--! case: one that only nobody listed
create extension hstore;
--! expect: hstore
--! severity: medium

--! case: required and allowed ones, and plpgsql
create extension pgcrypto;
create extension pg_stat_statements;
--! expect: none

--! case: the role may not see the extensions
--! as: plain
revoke select on pg_catalog.pg_extension from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_extension to "verify_plain";
