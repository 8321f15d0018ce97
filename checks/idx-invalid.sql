--! title: Every index is whole
--! severity: high
--! group: indexes
--! scope: database
--! needs: select pg_catalog.pg_index, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_stat_progress_create_index
--! why: A concurrent build that broke off leaves an index behind: writes go to it, queries cannot use it, and a unique one does not keep
--!   duplicates out. Nothing says so but the catalog.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
--!   https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY
with broken as (
  select i.indexrelid, i.indrelid, i.indisunique, x.relkind, x.relname, x.relispartition,
         pg_catalog.format('%I.%I', n.nspname, x.relname) as name,
         pg_catalog.format('%I.%I', n.nspname, t.relname) as relation
    from pg_catalog.pg_index i
    join pg_catalog.pg_class x on x.oid = i.indexrelid
    join pg_catalog.pg_class t on t.oid = i.indrelid
    join pg_catalog.pg_namespace n on n.oid = x.relnamespace
   where not (i.indisvalid and i.indisready and i.indislive)
     and n.nspname <> 'information_schema'
     -- Long values have an index too.
     and n.nspname !~ '^pg_(catalog|temp_|toast_temp_)'
), missing as (
  -- Partitions that have no index under this one.
  select b.indexrelid,
         pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ', ' order by n.nspname, c.relname) as partitions
    from broken b
    join pg_catalog.pg_inherits h on h.inhparent = b.indrelid
    join pg_catalog.pg_class c on c.oid = h.inhrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where b.relkind = 'I'
     and not exists (select from pg_catalog.pg_index i
                       join pg_catalog.pg_inherits u on u.inhrelid = i.indexrelid
                      where i.indrelid = c.oid and u.inhparent = b.indexrelid)
   group by b.indexrelid
)
select b.name as object,
       case
         when m.partitions is not null then pg_catalog.format('index %s is not whole: these partitions have none under it: %s', b.name, m.partitions)
         else pg_catalog.format('index %s of table %s is not whole: no query uses it%s', b.name, b.relation,
                                case when b.indisunique then ', and it does not keep duplicates out' else '' end)
       end as detail,
       pg_catalog.jsonb_build_object(
         'statement',
         case
           when m.partitions is not null then
             pg_catalog.format('-- on each of them: create index concurrently ...; alter index %s attach partition ...; on %s', b.name, m.partitions)
           when b.relkind = 'I' then
             pg_catalog.format('-- reindex those of its partitions that are not whole, then alter index %s attach partition ... for each of those '
               'again', b.name)
           when b.relname ~ '_cc(new|old)[0-9]*$' then
             pg_catalog.format('drop index concurrently %s; -- what reindex concurrently left behind', b.name)
           else pg_catalog.format('reindex index concurrently %s;', b.name)
         end) as data
  from broken b
  left join missing m on m.indexrelid = b.indexrelid
 where not exists (select from pg_catalog.pg_stat_progress_create_index p
                    where p.datname = pg_catalog.current_database() and p.index_relid = b.indexrelid)
 order by b.name;
