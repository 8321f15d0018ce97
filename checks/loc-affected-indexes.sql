--! title: No index is ordered by a collation that changed
--! severity: high
--! group: locale
--! scope: database
--! since: 15
--! needs: select pg_catalog.pg_database, select pg_catalog.pg_collation, select pg_catalog.pg_index, select pg_catalog.pg_class,
--!   select pg_catalog.pg_depend, execute pg_catalog.pg_collation_actual_version(oid),
--!   execute pg_catalog.pg_database_collation_actual_version(oid)
--! why: These are the indexes to rebuild after loc-db-version or loc-collation-version. Until then each may miss rows or let duplicates in.
--!   Refreshing the recorded version first would hide them, not repair them.
--! fix: reindex index concurrently {index:sql}; -- for every index listed, then refresh the version of the collation
--! refs: https://www.postgresql.org/docs/current/sql-reindex.html
--!   https://wiki.postgresql.org/wiki/Locale_data_changes
with changed(collation_oid, collation_name) as (
  select c.oid, pg_catalog.format('collation %I', c.collname)
    from pg_catalog.pg_collation c
   where c.collprovider <> 'd'
     and c.collversion is not null
     and c.collversion is distinct from pg_catalog.pg_collation_actual_version(c.oid)
  union all
  -- Indexes in the database's own collation name the row "default".
  select c.oid, pg_catalog.format('the collation of database %I', d.datname)
    from pg_catalog.pg_database d
    join pg_catalog.pg_collation c on c.collprovider = 'd'
   where d.datname = pg_catalog.current_database()
     and d.datcollversion is not null
     and d.datcollversion is distinct from pg_catalog.pg_database_collation_actual_version(d.oid)
), using_it as (
  select i.indexrelid, k.collation_oid
    from pg_catalog.pg_index i
   cross join lateral pg_catalog.unnest(i.indcollation) as k(collation_oid)
  union
  -- Collations inside expressions and predicates of an index.
  select u.objid, u.refobjid
    from pg_catalog.pg_depend u
   where u.classid = 'pg_catalog.pg_class'::regclass
     and u.refclassid = 'pg_catalog.pg_collation'::regclass
)
select i.oid::regclass::text as object,
       pg_catalog.format('index %s is ordered by %s, which changed: it may miss rows%s until it is rebuilt', i.oid::regclass,
                         pg_catalog.string_agg(c.collation_name, ' and ' order by c.collation_name),
                         case when x.indisunique then ' and let duplicates in' else '' end) as detail,
       pg_catalog.jsonb_build_object('index', i.oid::regclass::text, 'unique', x.indisunique, 'bytes', pg_catalog.pg_relation_size(i.oid)) as data
  from using_it u
  join changed c on c.collation_oid = u.collation_oid
  join pg_catalog.pg_class i on i.oid = u.indexrelid and i.relkind = 'i'
  join pg_catalog.pg_index x on x.indexrelid = i.oid
 group by i.oid, x.indisunique
 order by 1;
