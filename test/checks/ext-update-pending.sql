--! case: an older version with a path to the present one
create extension pg_trgm version '1.3';
--! expect: pg_trgm
--! says: extension pg_trgm is at version 1.3 and the server brings 1.6
--! fix: alter extension "pg_trgm" update;
--! then: fixed

--! case: the version the server brings
create extension pg_trgm;
--! expect: none

--! case: a version no update starts from is the business of ext-version-orphan
create extension pg_trgm;
update pg_catalog.pg_extension set extversion = '0.1' where extname = 'pg_trgm';
--! expect: none

--! case: the role may not see what the server brings
--! as: plain
revoke select on pg_catalog.pg_available_extensions from public;
revoke execute on function pg_catalog.pg_extension_update_paths(name) from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_available_extensions to "verify_plain";
--!   grant execute on function pg_catalog.pg_extension_update_paths(name) to "verify_plain";
