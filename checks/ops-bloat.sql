--! title: No large table or B-tree index is mostly empty space, by an estimate
--! severity: low
--! group: operations
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_stats, select pg_catalog.pg_attribute,
--!   select pg_catalog.pg_index, select pg_catalog.pg_am
--! why: Space of rows that died is used again, and given back almost never: a table that was once ten times as large stays so, in memory and in
--!   every scan, and so do its indexes. The estimate takes the width of rows from the planner's statistics: it leaves out long values kept
--!   elsewhere, and is off by a fifth where rows are narrow; an index of few different values, which keeps each but once, looks fuller than it
--!   is. The option --deep measures. Tables and indexes count where 40 % and 100 MB of them are empty.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-SPACE-RECOVERY
--!   https://www.postgresql.org/docs/current/routine-reindex.html
--!   https://www.postgresql.org/docs/current/storage-page-layout.html
--!   https://www.postgresql.org/docs/current/btree.html#BTREE-STRUCTURE
with large as materialized (
  select c.oid, c.relkind, n.nspname, c.relname, c.relpages, c.reltuples,
         pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
         pg_catalog.current_setting('block_size')::int8 as block,
         coalesce((select pg_catalog.substr(o.entry, 12)::float8 from pg_catalog.unnest(c.reloptions) as o(entry)
                    where o.entry ~ '^fillfactor=[0-9]{1,3}$'), case c.relkind when 'i' then 90 else 100 end) as fillfactor
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'm', 'i')
     and c.relpersistence <> 't'
     and c.relpages::int8 * pg_catalog.current_setting('block_size')::int8 > 104857600
     and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
), sources as (
  select l.nspname, l.relname from large l
  union
  select l.nspname, t.relname
    from large l
    join pg_catalog.pg_index x on x.indexrelid = l.oid
    join pg_catalog.pg_class t on t.oid = x.indrelid
), stats as materialized (
  -- Once for all: asked for one relation after the other the view is slow.
  select s.schemaname, s.tablename, s.attname, s.avg_width, s.null_frac
    from pg_catalog.pg_stats s
    join sources o on o.nspname = s.schemaname and o.relname = s.tablename
   where not s.inherited
), tables as (
  select l.*,
         l.oid as relation,
         'table' as kind,
         coalesce(s.known, 0) as known,
         a.number,
         0::int8 as expressions,
         -- 23 bytes of header, a bit a column where one is null, all in steps of 8, and a pointer of 4.
         (pg_catalog.ceil((23 + case when s.has_nulls then (a.number + 7) / 8
           else 0 end) / 8.0) * 8 + pg_catalog.ceil(s.width / 8.0) * 8 + 4) as row_size,
         l.block - 24 as room
    from large l
    left join (
      select t.schemaname, t.tablename,
             pg_catalog.count(*) as known,
             pg_catalog.bool_or(t.null_frac > 0) as has_nulls,
             pg_catalog.sum(t.avg_width * (1 - t.null_frac)) as width
        from stats t
       group by t.schemaname, t.tablename) as s on s.schemaname = l.nspname and s.tablename = l.relname
   cross join lateral (
     -- A virtual column (from 18 on) is nowhere kept.
     select pg_catalog.count(*) as number
       from pg_catalog.pg_attribute t
      where t.attrelid = l.oid and t.attnum > 0 and not t.attisdropped and t.attgenerated <> 'v'
   ) as a
   where l.relkind <> 'i'
), entries as (
  select l.oid,
         t.oid as relation,
         case when pg_catalog.array_to_string(i.reloptions, ' ') ~ '(^| )deduplicate_items=(off|false|no|0)( |$)' then 20
              else 6 end as null_size,
         k.attname is null as is_expression,
         s.avg_width,
         s.null_frac,
         -- Short values of no fixed length begin anywhere.
         case when e.attlen < 0 and s.avg_width < 127 then 1
              else case e.attalign when 'd' then 8 when 'i' then 4 when 's' then 2 else 1 end end as step
    from large l
    join pg_catalog.pg_class i on i.oid = l.oid
    join pg_catalog.pg_am m on m.oid = i.relam and m.amname = 'btree'
    join pg_catalog.pg_index x on x.indexrelid = l.oid
    join pg_catalog.pg_class t on t.oid = x.indrelid
    join pg_catalog.pg_attribute e on e.attrelid = l.oid and e.attnum > 0
    left join pg_catalog.pg_attribute k on k.attrelid = t.oid and k.attnum = x.indkey[e.attnum - 1] and k.attnum <> 0
    -- ANALYZE keeps those of an expression under the name of the index.
    left join stats s on s.schemaname = l.nspname
                     and s.tablename = case when k.attname is null then l.relname else t.relname end
                     and s.attname = coalesce(k.attname, e.attname)
   where l.relkind = 'i'
), indexes as (
  select l.*,
         a.relation,
         'index' as kind,
         a.known,
         a.number,
         a.expressions,
         -- 8 bytes of header, and 8 more for nulls; each value where its type begins; a pointer of 4. Of one column's nulls, as of all that
         -- is equal, only the places of the rows are kept, 6 bytes each, unless that is switched off.
         case when a.number = 1 then
                (1 - a.nulls) * (8 + pg_catalog.ceil(a.width / greatest(1 - a.nulls, 0.001) / 8.0) * 8 + 4) + a.nulls * a.null_size
              else (case when a.nulls > 0 then 16 else 8 end + pg_catalog.ceil(a.width / 8.0) * 8 + 4)::float8
         end as row_size,
         -- Besides the head of a page its place among the others, 16 bytes, and the bound of what may be on it.
         l.block - 24 - 16 - (12 + pg_catalog.ceil(a.width / 8.0) * 8) as room
    from large l
    join (
      select e.oid, e.relation, e.null_size,
             pg_catalog.count(*) as number,
             pg_catalog.count(e.avg_width) as known,
             pg_catalog.count(*) filter (where e.is_expression) as expressions,
             pg_catalog.max(e.null_frac)::float8 as nulls,
             pg_catalog.sum(pg_catalog.ceil(e.avg_width::float8 / e.step) * e.step * (1 - e.null_frac)) as width
        from entries e
       group by e.oid, e.relation, e.null_size) as a on a.oid = l.oid
), estimated as (
  select m.*,
         m.relpages::int8 * m.block as bytes,
         greatest(m.relpages - pg_catalog.ceil(m.reltuples * m.row_size / (m.room * m.fillfactor / 100)), 0)::int8 * m.block as empty,
         m.known < m.number or m.reltuples < 0 as is_unknown,
         m.reltuples >= 0 and not pg_catalog.has_table_privilege(m.relation, 'select') as is_closed,
         m.reltuples >= 0 and pg_catalog.row_security_active(m.relation) as is_policed
    from (select t.* from tables t
          union all
          select i.* from indexes i) as m
)
select e.name as object,
       pg_catalog.format('%s %s is %s, and about %s of it (%s %%) is empty space (an estimate)', e.kind, e.name,
                         pg_catalog.pg_size_pretty(e.bytes), pg_catalog.pg_size_pretty(e.empty), e.empty * 100 / e.bytes) as detail,
       pg_catalog.jsonb_build_object(
         'bytes', e.bytes, 'empty', e.empty, 'estimate', true,
         'statement', case e.kind
                        when 'index' then pg_catalog.format('reindex index concurrently %s;', e.name)
                        else pg_catalog.format('vacuum (analyze, verbose) %s; -- and where it says the space is there: vacuum (full) %s; in a '
                               'maintenance window, which locks it', e.name, e.name)
                      end) as data
  from estimated e
 where not e.is_unknown and e.empty > 104857600 and e.empty * 100 / e.bytes >= 40
union all
select e.name,
       case
         when e.is_closed then pg_catalog.format('role %I may not see the statistics of %s %s', current_user, e.kind, e.name)
         when e.is_policed then
           pg_catalog.format('row-level security hides the statistics of %s %s from role %I', e.kind, e.name, current_user)
         when e.expressions > 0 and e.reltuples >= 0 then
           pg_catalog.format('statistics of the expressions of index %s are not there, or are shown to its owner alone', e.name)
         else pg_catalog.format('%s %s was never analyzed: how large its rows are is not known', e.kind, e.name)
       end,
       pg_catalog.jsonb_build_object(
         'status', 'unknown',
         'statement', case
                        when e.is_closed then
                          pg_catalog.format('grant select on %s to %I; -- it may read its rows then, too', e.relation::pg_catalog.regclass,
                                            current_user)
                        when e.is_policed then 'dbctl verify --deep, or as a role with BYPASSRLS'
                        else pg_catalog.format('analyze %s;', e.relation::pg_catalog.regclass)
                      end)
  from estimated e
 where e.is_unknown
 order by 1;
