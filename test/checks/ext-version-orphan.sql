--! case: a version the server has never heard of
create extension pg_trgm;
update pg_catalog.pg_extension set extversion = '99.1' where extname = 'pg_trgm';
--! expect: pg_trgm
--! says: extension pg_trgm is at version 99.1, which the server does not know
--! fix: install the package that brings pg_trgm 99.1 on the server, then: alter extension pg_trgm update;

--! case: an extension whose files are gone
create extension pg_trgm;
update pg_catalog.pg_extension set extname = 'gone' where extname = 'pg_trgm';
--! expect: gone
--! says: the server has no files of extension gone (installed at 1.6)
--! fix: install the package that brings gone 1.6 on the server

--! case: an old version without an install script, but with a path to the present one
create extension hstore;
update pg_catalog.pg_extension set extversion = '1.1' where extname = 'hstore';
--! expect: none

--! case: the version the server brings
create extension hstore;
--! expect: none

--! case: the role may not see which versions there are
--! as: plain
revoke select on pg_catalog.pg_available_extension_versions from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_available_extension_versions to "verify_plain";
