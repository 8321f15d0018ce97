--! title: Extensions live in their own schema
--! severity: medium
--! group: extensions
--! scope: database
--! needs: select pg_catalog.pg_extension, select pg_catalog.pg_namespace, select pg_catalog.pg_available_extension_versions
--! params: extension_schema
--! why: In public the objects of an extension stand among everybody's: a role that may create there can put a function in front of them,
--!   and dropping or copying the schema takes the extension along.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-RELOCATION
--!   https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
select e.extname as object,
       pg_catalog.format('extension %I is in schema %I instead of %I: %s', e.extname, n.nspname, $1,
                         case
                           when n.nspname = 'public' then 'whoever may create there can put a function in front of its own'
                           else 'code that looks for it where the project says does not find it'
                         end) as detail,
       pg_catalog.jsonb_build_object(
         'extension', e.extname,
         'schema', n.nspname,
         'statement', pg_catalog.format(
           case
             when e.extrelocatable then 'create schema if not exists %2$I; alter extension %1$I set schema %2$I;'
             else E'-- not relocatable: what depends on it must go first\n'
                  || 'create schema if not exists %2$I; drop extension %1$I; create extension %1$I schema %2$I;'
           end, e.extname, $1)) as data
  from pg_catalog.pg_extension e
  join pg_catalog.pg_namespace n on n.oid = e.extnamespace
 where n.nspname not in ($1, 'pg_catalog')
   -- Some choose their schema themselves and cannot be put anywhere else.
   and not exists (
         select
           from pg_catalog.pg_available_extension_versions v
          where v.name = e.extname and v.version = e.extversion and v.schema = n.nspname
       )
 order by e.extname;
