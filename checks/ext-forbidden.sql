--! title: No extension is installed that the project does not list
--! severity: high
--! group: extensions
--! scope: database
--! needs: select pg_catalog.pg_extension
--! params: required_extensions, allowed_extensions
--! why: Every extension is code inside the server and one more thing to patch. Some open the machine itself: dblink and postgres_fdw
--!   connect out of it, file_fdw reads its files, the untrusted languages run any program as the server's own account.
--! fix: drop extension {extension}; -- or list it under postgres.extensions.allowed in dbctl.yaml
--! refs: https://www.postgresql.org/docs/current/contrib.html
--!   CIS PostgreSQL 18: 1.2
with dangerous(name, consequence) as (
  values ('dblink', 'it connects from the server to other databases'),
         ('file_fdw', 'it reads files of the server'),
         ('adminpack', 'it writes files of the server, and is unmaintained since 17'),
         ('refint', 'it builds SQL from table contents (CVE-2026-6637)'),
         ('pageinspect', 'it reads raw pages past every permission'),
         ('pg_surgery', 'it changes rows behind the back of every constraint'),
         ('plperlu', 'its functions run any program as the account of the server'),
         ('plpython3u', 'its functions run any program as the account of the server'),
         ('pltclu', 'its functions run any program as the account of the server')
)
select e.extname as object,
       pg_catalog.format('extension %I is installed in database %I and not listed: %s', e.extname, pg_catalog.current_database(),
                         coalesce(d.consequence, 'nobody watches it for holes')) as detail,
       pg_catalog.jsonb_build_object('extension', e.extname, 'version', e.extversion,
                                     'severity', case when d.name is null then 'medium' else 'high' end) as data
  from pg_catalog.pg_extension e
  left join dangerous d on d.name = e.extname
 -- plpgsql is in every database, and functions of the project are written in it.
 where e.extname <> all ($1 || $2 || '{plpgsql}'::text[])
 order by e.extname;
