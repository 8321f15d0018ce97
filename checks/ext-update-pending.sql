--! title: Every extension has the version the server brings
--! severity: medium
--! group: extensions
--! scope: database
--! needs: select pg_catalog.pg_extension, select pg_catalog.pg_available_extensions, execute pg_catalog.pg_extension_update_paths(name)
--! why: Neither a package update, nor pg_upgrade, nor a managed service changes the SQL objects of an extension: the new library works
--!   with old definitions, and repairs made in the script (operators, privileges, index support) are missing.
--! fix: alter extension {extension} update;
--! refs: https://www.postgresql.org/docs/current/sql-alterextension.html
select e.extname as object,
       pg_catalog.format('extension %I is at version %s and the server brings %s: the repairs made in between are not in force',
                         e.extname, e.extversion, a.default_version) as detail,
       pg_catalog.jsonb_build_object('extension', e.extname, 'installed', e.extversion, 'available', a.default_version) as data
  from pg_catalog.pg_extension e
  join pg_catalog.pg_available_extensions a on a.name = e.extname
 cross join lateral pg_catalog.pg_extension_update_paths(a.name) as p
 -- Without a path the update would fail: that is ext-version-orphan.
 where p.source = e.extversion and p.target = a.default_version and p.path is not null
 order by e.extname;
