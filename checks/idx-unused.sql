--! title: Every index is used
--! severity: info
--! group: indexes
--! scope: database
--! needs: execute pg_catalog.pg_stat_get_numscans(oid), select pg_catalog.pg_stat_database, select pg_catalog.pg_stat_bgwriter,
--!   select pg_catalog.pg_index, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_depend
--! params: now
--! why: An index that no query has read costs at every write, every vacuum and every backup all the same. Primary keys, unique and exclusion
--!   constraints and replica identities are there for another reason. Each server counts for itself, and one may be for the end of the year.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ALL-INDEXES-VIEW
with recursive counted as (
  -- Both are null or the beginning of time until they are reset; a crash resets the second.
  select greatest(d.stats_reset, b.stats_reset) as since
    from pg_catalog.pg_stat_database d
   cross join pg_catalog.pg_stat_bgwriter b
   where d.datname = pg_catalog.current_database()
), tree(root, indexrelid) as (
  select x.oid, x.oid
    from pg_catalog.pg_index i
    join pg_catalog.pg_class x on x.oid = i.indexrelid
    join pg_catalog.pg_class t on t.oid = i.indrelid
    join pg_catalog.pg_namespace n on n.oid = x.relnamespace
   where not x.relispartition
     and not (i.indisunique or i.indisexclusion or i.indisreplident)
     and i.indisvalid
     and t.relkind in ('r', 'p', 'm')
     and t.relpersistence <> 't'
     and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     and not exists (select from pg_catalog.pg_depend e
                      where e.classid = 'pg_catalog.pg_class'::regclass and e.objid in (x.oid, t.oid) and e.deptype = 'e')
  union all
  select t.root, h.inhrelid from tree t join pg_catalog.pg_inherits h on h.inhparent = t.indexrelid
), unused as (
  select t.root,
         pg_catalog.sum(x.relpages::int8) * pg_catalog.current_setting('block_size')::int8 as bytes
    from tree t
    join pg_catalog.pg_class x on x.oid = t.indexrelid
   group by t.root
  having pg_catalog.sum(pg_catalog.pg_stat_get_numscans(t.indexrelid)) = 0
)
select pg_catalog.format('%I.%I', n.nspname, x.relname) as object,
       pg_catalog.format('index %I.%I of %s was not read in %s days of counting%s', n.nspname, x.relname, pg_catalog.pg_size_pretty(u.bytes),
                         pg_catalog.floor(extract(epoch from $1 - c.since) / 86400),
                         case when pg_catalog.pg_is_in_recovery() then ' on this standby' else ' on this server' end) as detail,
       pg_catalog.jsonb_build_object(
         'bytes', u.bytes,
         'statement', pg_catalog.format('-- not before every standby and the end of a month, quarter and year were thought of: drop index %s%I.%I;',
                                        case x.relkind when 'I' then '' else 'concurrently ' end, n.nspname, x.relname)) as data
  from unused u
  join pg_catalog.pg_class x on x.oid = u.root
  join pg_catalog.pg_namespace n on n.oid = x.relnamespace
 cross join counted c
 where (select d.since < $1 - '30 days'::interval from counted d)
union all
select pg_catalog.current_database(),
       pg_catalog.format('indexes are counted since %s: less than 30 days say nothing about what is used at the end of a month',
                         pg_catalog.to_char(pg_catalog.timezone('UTC', c.since), 'YYYY-MM-DD')),
       pg_catalog.jsonb_build_object('status', 'skipped', 'statement', 'run it again when 30 days are counted')
  from counted c
 where not c.since < $1 - '30 days'::interval
   and exists (select from unused u)
 order by 1;
