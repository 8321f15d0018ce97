--! title: Every required extension is installed
--! severity: high
--! group: extensions
--! scope: database
--! needs: select pg_catalog.pg_extension, select pg_catalog.pg_available_extensions
--! params: required_extensions, extension_schema
--! why: Migrations, indexes and defaults use the functions of these extensions; without one the next deployment fails half-way, or a
--!   restored database does not come up.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createextension.html
--!   https://www.postgresql.org/docs/current/contrib.html
select w.name as object,
       case
         when a.name is null then
           pg_catalog.format('extension %I is required in database %I, and its files are not on the server: what uses it fails',
                             w.name, pg_catalog.current_database())
         else
           pg_catalog.format('extension %I is required and not installed in database %I: what uses it fails', w.name, pg_catalog.current_database())
       end as detail,
       pg_catalog.jsonb_build_object(
         'extension', w.name,
         'available', a.name is not null,
         'schema', $2,
         'statement', pg_catalog.format(
           case
             when a.name is null then
               E'-- first install the package with its files (contrib modules: postgresql-contrib), or enable it at your cloud provider\n'
             else ''
           end
           || 'create schema if not exists %1$I; create extension %2$I schema %1$I;', $2, w.name)) as data
  from pg_catalog.unnest($1) as w(name)
  left join pg_catalog.pg_available_extensions a on a.name = w.name
 where not exists (select from pg_catalog.pg_extension e where e.extname = w.name)
 order by w.name;
