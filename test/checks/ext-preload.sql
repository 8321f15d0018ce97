--! case: installed and not preloaded
create extension pg_stat_statements;
--! expect: pg_stat_statements
--! says: nothing is recorded, and slow queries cannot be found
--! severity: high
--! fix: alter system set shared_preload_libraries = 'pg_stat_statements'; -- then restart the server

--! case: preloaded and not listed
--! server: odd
--! expect: unaccent
--! says: library unaccent is loaded into every session and the project does not list it
--! severity: medium
--! fix: alter system set shared_preload_libraries = 'pg_stat_statements'; -- then restart the server

--! case: both, and what is preloaded stays so
--! server: odd
--! policy: {"allowedExtensions": ["unaccent"]}
create extension pgcrypto;
update pg_catalog.pg_extension set extname = 'pgaudit' where extname = 'pgcrypto';
--! expect: pg_stat_statements, pgaudit
--! fix: alter system set shared_preload_libraries = 'unaccent'; -- then restart the server

--! case: installed, preloaded and listed
--! server: odd
--! policy: {"allowedLibraries": ["unaccent"]}
create extension pg_stat_statements;
--! expect: none

--! case: nothing needs it and nothing is preloaded
--! expect: none

--! case: a plain role does not see the setting, and hidden is not off
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_settings to "verify_plain";
