--! case: the libraries on disk are of another release
alter function pg_catalog.pg_get_loaded_modules() rename to the_real_loaded_modules;
create function pg_catalog.pg_get_loaded_modules(out module_name text, out version text, out file_name text) returns setof record language sql as $$
  select 'dict_snowball', '18.99 (Debian 18.99-1)', 'dict_snowball.so'
$$;
--! expect: cluster
--! says: the files on disk are of release 18.99, the running server is still

--! case: as it was installed
--! expect: none

--! case: an extension with a version of its own is no sign
alter function pg_catalog.pg_get_loaded_modules() rename to the_real_loaded_modules;
create function pg_catalog.pg_get_loaded_modules(out module_name text, out version text, out file_name text) returns setof record language sql as $$
  select m.* from pg_catalog.the_real_loaded_modules() m
  union all
  select 'pgaudit', '18.0', 'pgaudit.so'
$$;
--! expect: none

--! case: the role may not see the loaded modules
--! as: plain
revoke execute on function pg_catalog.pg_get_loaded_modules() from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.pg_get_loaded_modules() to "verify_plain";
