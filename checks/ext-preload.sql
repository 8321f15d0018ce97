--! title: Extensions that need it are preloaded, and nothing else is
--! severity: high
--! group: extensions
--! scope: database
--! needs: setting shared_preload_libraries, select pg_catalog.pg_extension
--! params: required_extensions, allowed_extensions, allowed_libraries
--! why: Some extensions work only when the server loads their library at start: installed alone they fail, or record nothing while
--!   everybody believes they do. And a library loaded at start runs in every session, whoever put it there.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SHARED-PRELOAD-LIBRARIES
--!   CIS PostgreSQL 18: 3.2, 6.3
with loaded as (
  select pg_catalog.regexp_replace(pg_catalog.btrim(l.name, ' "'), '^\$libdir/|\.so$', '', 'g') as library,
         l.place
    from pg_catalog.pg_settings s
   cross join lateral pg_catalog.regexp_split_to_table(s.setting, ',') with ordinality as l(name, place)
   where s.name = 'shared_preload_libraries' and pg_catalog.btrim(l.name, ' "') <> ''
), needing(extension, consequence) as (
  values ('citus', 'distributed tables do not work'),
         ('pg_cron', 'no job runs'),
         ('pg_net', 'no request is sent'),
         ('pg_qualstats', 'nothing is recorded'),
         ('pg_squeeze', 'no table is squeezed'),
         ('pg_stat_kcache', 'nothing is recorded'),
         ('pg_stat_monitor', 'nothing is recorded'),
         ('pg_stat_statements', 'nothing is recorded, and slow queries cannot be found'),
         ('pg_wait_sampling', 'nothing is recorded'),
         ('pgaudit', 'nothing is audited'),
         ('pglogical', 'nothing is replicated'),
         ('set_user', 'nobody can change to another role through it'),
         ('timescaledb', 'hypertables do not work')
), wanted as (
  select l.library, l.place from loaded l
  union all
  select e.extname::text, 1000 from pg_catalog.pg_extension e join needing n on n.extension = e.extname
   where e.extname not in (select l.library from loaded l)
), found as (
  select e.extname::text as library,
         pg_catalog.format('extension %I is installed and its library is not preloaded: %s', e.extname, n.consequence) as detail,
         'high' as severity,
         (select pg_catalog.string_agg(pg_catalog.quote_literal(w.library), ', ' order by w.place, w.library) from wanted w) as list
    from pg_catalog.pg_extension e
    join needing n on n.extension = e.extname
   where e.extname not in (select l.library from loaded l)
  union all
  select l.library,
         pg_catalog.format('library %s is loaded into every session and the project does not list it', l.library),
         'medium',
         (select coalesce(pg_catalog.string_agg(pg_catalog.quote_literal(o.library), ', ' order by o.place), pg_catalog.quote_literal(''))
            from loaded o where o.library <> l.library)
    from loaded l
   -- These four come with the server and only watch, warm up or refuse.
   where l.library <> all ($1 || $2 || $3 || '{auth_delay,auto_explain,passwordcheck,pg_prewarm}'::text[])
)
select f.library as object,
       f.detail,
       pg_catalog.jsonb_build_object(
         'library', f.library,
         'severity', f.severity,
         'statement', pg_catalog.format('alter system set shared_preload_libraries = %s; -- then restart the server', f.list)) as data
  from found f
 order by f.library;
