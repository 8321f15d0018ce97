--! title: The server knows the version of every installed extension
--! severity: medium
--! group: extensions
--! scope: database
--! needs: select pg_catalog.pg_extension, select pg_catalog.pg_available_extensions, select pg_catalog.pg_available_extension_versions,
--!   execute pg_catalog.pg_extension_update_paths(name)
--! why: After pg_upgrade or a move to another machine an extension may be registered at a version whose files are not there: it can be
--!   neither updated nor restored from a dump, and its functions fail when the library is missing as well.
--! fix: {act:sql}
--! refs: https://www.postgresql.org/docs/current/pgupgrade.html
select e.extname as object,
       case
         when a.name is null then
           pg_catalog.format('the server has no files of extension %I (installed at %s): its functions fail, and a dump cannot be restored here',
                             e.extname, e.extversion)
         else
           pg_catalog.format('extension %I is at version %s, which the server does not know: it can be neither updated nor restored from a dump',
                             e.extname, e.extversion)
       end as detail,
       pg_catalog.jsonb_build_object(
         'extension', e.extname,
         'installed', e.extversion,
         'available', a.default_version,
         'act', pg_catalog.format('install the package that brings %s %s on the server', e.extname, e.extversion)
                || case when a.name is null then '' else pg_catalog.format(', then: alter extension %I update;', e.extname) end) as data
  from pg_catalog.pg_extension e
  left join pg_catalog.pg_available_extensions a on a.name = e.extname
 where not exists (
         select
           from pg_catalog.pg_available_extension_versions v
          where v.name = e.extname and v.version = e.extversion
       )
   -- Old versions have no install script any more, but a path to the present one. The function fails for an extension without files.
   and not case
             when a.name is null then false
             else exists (select from pg_catalog.pg_extension_update_paths(e.extname) as p where p.source = e.extversion and p.path is not null)
           end
 order by e.extname;
