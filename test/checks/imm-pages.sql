--! case: the tools of those who edit pages
--! server: guarded
create extension pg_surgery;
create extension pageinspect;
--! expect: extension pg_surgery, extension pageinspect
--! says: extension pageinspect computes the checksum that makes an edited page look sound; this database has 3 append-only tables
--! fix: drop extension pageinspect;
--! severity: medium
--! then: fixed

--! case: other extensions
--! server: guarded
create extension pg_trgm;
create extension amcheck;
--! expect: none

--! case: the role may not see the extensions
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_extension from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_extension to "verify_plain";
