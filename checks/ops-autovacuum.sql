--! title: Autovacuum is at work, for every table
--! severity: high
--! group: operations
--! scope: database
--! needs: setting autovacuum, unoverridden track_counts, select pg_catalog.pg_class, select pg_catalog.pg_namespace
--! why: Without it dead rows stay, plans are made from statistics of long ago, and transaction ids run out. A table it was taken off for one
--!   big load, and never given back, is found when that table is slow. track_counts is what it learns from that there is work.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
--!   https://www.postgresql.org/docs/current/sql-createtable.html#RELOPTION-AUTOVACUUM-ENABLED
with found as (
  select s.name as object,
         pg_catalog.format('%s is off: %s', s.name, w.consequence) as detail,
         case
           when s.source = 'command line' then pg_catalog.format('start the server with -c %s=on', s.name)
           else pg_catalog.format('alter system set %s = on; select pg_reload_conf();', s.name)
         end as statement
    from (values ('autovacuum', 'dead rows stay, in every database, until somebody vacuums by hand'),
                 ('track_counts', 'autovacuum is not told which tables have changed')) as w(name, consequence)
    join pg_catalog.pg_settings s on s.name = w.name and s.setting = 'off'
  union all
  select pg_catalog.format('%I.%I%s', n.nspname, c.relname, t.part),
         pg_catalog.format('autovacuum is taken off %s %I.%I: its dead rows stay until somebody vacuums by hand', t.words, n.nspname, c.relname),
         pg_catalog.format('alter %s %I.%I reset (%sautovacuum_enabled);',
                           case c.relkind when 'm' then 'materialized view' else 'table' end, n.nspname, c.relname, t.option)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   cross join lateral (
     select c.reloptions, '' as part, '' as option, case c.relkind when 'm' then 'materialized view' else 'table' end as words
     union all
     select x.reloptions, ' (TOAST)', 'toast.', 'the long values of table' from pg_catalog.pg_class x where x.oid = c.reltoastrelid
   ) as t
   cross join lateral pg_catalog.unnest(t.reloptions) as o(entry)
   where c.relkind in ('r', 'm')
     and c.relpersistence <> 't'
     -- Most have no options: only the others are looked at.
     and (c.reloptions is not null
          or c.reltoastrelid in (select x.oid from pg_catalog.pg_class x where x.relkind = 't' and x.reloptions is not null))
     and o.entry ~* '^autovacuum_enabled=(off?|0|f(a(l(se?)?)?)?|no?)$'
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 order by f.object;
