--! case: in public
create extension pgcrypto;
--! expect: pgcrypto
--! says: whoever may create there can put a function in front of its own
--! fix: create schema if not exists extensions; alter extension pgcrypto set schema extensions;
--! then: fixed

--! case: in another schema than the project says
create schema elsewhere;
create extension pgcrypto schema elsewhere;
--! expect: pgcrypto
--! says: extension pgcrypto is in schema elsewhere instead of extensions: code that looks for it where the project says
--! then: fixed

--! case: one that cannot be moved
create extension pgcrypto;
update pg_catalog.pg_extension set extrelocatable = false where extname = 'pgcrypto';
--! expect: pgcrypto
--! fix: -- not relocatable: what depends on it must go first
--!   create schema if not exists extensions; drop extension pgcrypto; create extension pgcrypto schema extensions;
--! then: fixed

-- No extension of the server has a schema of its own, so its list is made to say that one has.
--! case: one that chooses its schema itself
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_available_extension_versions as
select v.name, v.version, true as installed, v.superuser, v.trusted, v.relocatable,
       case v.name when 'pgcrypto' then 'fixed'::name else v.schema end as schema, v.requires, v.comment
  from pg_catalog.pg_available_extension_versions() v;
create schema fixed;
create extension pgcrypto schema fixed;
--! expect: none

--! case: where the project says, and plpgsql in pg_catalog
create schema extensions;
create extension pgcrypto schema extensions;
--! expect: none

--! case: the role may not see the schemas
--! as: plain
revoke select on pg_catalog.pg_namespace from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_namespace to "verify_plain";
