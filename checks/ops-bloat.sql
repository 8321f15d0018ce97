--! title: No large table is mostly empty space, by an estimate
--! severity: low
--! group: operations
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_stats, select pg_catalog.pg_attribute
--! why: Space of rows that died is used again, and given back almost never: a table that was once ten times as large stays so, in memory and in
--!   every scan. The estimate takes the width of rows from the planner's statistics: it leaves out long values kept elsewhere, and is off by a
--!   fifth where rows are narrow; the option --deep measures. Tables count where 40 % and 100 MB of them are empty.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-SPACE-RECOVERY
--!   https://www.postgresql.org/docs/current/storage-page-layout.html
with large as (
  select c.oid, n.nspname, c.relname, c.relpages, c.reltuples,
         pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
         pg_catalog.current_setting('block_size')::int8 as block,
         coalesce((select pg_catalog.substr(o.entry, 12)::float8 from pg_catalog.unnest(c.reloptions) as o(entry)
                    where o.entry ~ '^fillfactor=[0-9]{1,3}$'), 100) as fillfactor
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'm')
     and c.relpersistence <> 't'
     and c.relpages::int8 * pg_catalog.current_setting('block_size')::int8 > 104857600
     and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
), measured as (
  select l.*,
         s.known,
         a.number,
         -- 23 bytes of header, a bit a column where one is null, all in steps of 8, and a pointer of 4.
         (pg_catalog.ceil((23 + case when s.has_nulls then (a.number + 7) / 8
           else 0 end) / 8.0) * 8 + pg_catalog.ceil(s.width / 8.0) * 8 + 4) as row_size
    from large l
   cross join lateral (
     select pg_catalog.count(*) as known,
            pg_catalog.bool_or(t.null_frac > 0) as has_nulls,
            pg_catalog.sum(t.avg_width * (1 - t.null_frac)) as width
       from pg_catalog.pg_stats t
      where t.schemaname = l.nspname and t.tablename = l.relname and not t.inherited
   ) as s
   cross join lateral (
     select pg_catalog.count(*) as number from pg_catalog.pg_attribute t where t.attrelid = l.oid and t.attnum > 0 and not t.attisdropped
   ) as a
), estimated as (
  select m.*,
         m.relpages::int8 * m.block as bytes,
         greatest(m.relpages - pg_catalog.ceil(m.reltuples * m.row_size / ((m.block - 24) * m.fillfactor / 100)), 0)::int8 * m.block as empty
    from measured m
)
select e.name as object,
       pg_catalog.format('table %s is %s, and about %s of it (%s %%) is empty space (an estimate)', e.name, pg_catalog.pg_size_pretty(e.bytes),
                         pg_catalog.pg_size_pretty(e.empty), e.empty * 100 / e.bytes) as detail,
       pg_catalog.jsonb_build_object(
         'bytes', e.bytes, 'empty', e.empty, 'estimate', true,
         'statement', pg_catalog.format('vacuum (analyze, verbose) %s; -- and where it says the space is there: vacuum (full) %s; in a '
           'maintenance window, which locks it', e.name, e.name)) as data
  from estimated e
 where e.known > 0 and e.reltuples >= 0 and e.empty > 104857600 and e.empty * 100 / e.bytes >= 40
union all
select e.name,
       case when e.reltuples < 0 or pg_catalog.has_table_privilege(e.oid, 'select')
            then pg_catalog.format('table %s was never analyzed: how large its rows are is not known', e.name)
            else pg_catalog.format('role %I may not see the statistics of table %s', current_user, e.name) end,
       pg_catalog.jsonb_build_object(
         'status', 'unknown',
         'statement', case when e.reltuples < 0 or pg_catalog.has_table_privilege(e.oid, 'select') then pg_catalog.format('analyze %s;', e.name)
                           else pg_catalog.format('grant select on %s to %I; -- it may read its rows then, too', e.name, current_user) end)
  from estimated e
 where e.known = 0 or e.reltuples < 0
 order by 1;
