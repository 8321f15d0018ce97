--! title: No untrusted procedural language is installed
--! severity: high
--! group: extensions
--! scope: database
--! needs: select pg_catalog.pg_language, select pg_catalog.pg_extension
--! params: required_extensions, allowed_extensions
--! why: A function in an untrusted language runs as the account of the server, outside every permission of the database: it reads the data
--!   files, starts programs, opens connections. One security definer function of that kind is a shell for whoever may call it.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/xplang-install.html
--!   CIS PostgreSQL 18: 4.5
select l.lanname as object,
       pg_catalog.format('language %I lets functions run any program as the account of the server', l.lanname) as detail,
       pg_catalog.jsonb_build_object(
         'language', l.lanname,
         'statement', pg_catalog.format(case when e.extname is null then 'drop language %I;' else 'drop extension %I;' end, l.lanname)) as data
  from pg_catalog.pg_language l
  left join pg_catalog.pg_extension e on e.extname = l.lanname
 -- lanispl leaves out c and internal: they are untrusted by nature, and only superusers can write in them.
 where l.lanispl
   and not l.lanpltrusted
   and l.lanname <> all ($1 || $2)
 order by l.lanname;
