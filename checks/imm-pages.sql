--! title: Pages of append-only tables cannot be edited unseen
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_extension, execute pg_catalog.current_setting(text)
--! params: protected_tables
--! why: Below SQL a row is bytes in a file. pg_surgery kills and unfreezes tuples, pageinspect computes the checksum an edited page needs, and
--!   without checksums an edited page reads like any other. None of them is of use to an application.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/checksums.html
--!   https://www.postgresql.org/docs/current/pgsurgery.html
--!   https://www.postgresql.org/docs/current/pageinspect.html
with found as (
  select pg_catalog.format('extension %I', e.extname) as name,
         case e.extname when 'pg_surgery' then 'kills rows of any table, and no trigger fires'
                        else 'computes the checksum that makes an edited page look sound' end as problem,
         case e.extname when 'pg_surgery' then 'high' else 'medium' end as severity,
         pg_catalog.format('drop extension %I;', e.extname) as statement
    from pg_catalog.pg_extension e
   where e.extname in ('pg_surgery', 'pageinspect')
  union all
  select 'data checksums',
         'are off: an edited page reads like any other',
         'medium',
         'stop the server, then: pg_checksums --enable --pgdata=DATA_FOLDER'
   where pg_catalog.current_setting('data_checksums') = 'off'
)
select f.name as object,
       pg_catalog.format('%s %s; this database has %s', f.name, f.problem,
                         case pg_catalog.jsonb_array_length($1) when 1 then 'an append-only table'
                              else pg_catalog.format('%s append-only tables', pg_catalog.jsonb_array_length($1)) end) as detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.name;
