--! title: Every database's collation version is the machine's
--! severity: critical
--! group: locale
--! scope: cluster
--! since: 15
--! needs: select pg_catalog.pg_database, execute pg_catalog.pg_database_collation_actual_version(oid)
--! why: After an update of the operating system's sort rules the indexes on text are in the old order and searches use the new one: rows
--!   are not found, unique constraints let duplicates in, and nothing reports an error.
--! fix: reindex (concurrently) database {database}; alter database {database} refresh collation version; -- in this order, connected to it
--! refs: https://www.postgresql.org/docs/current/sql-altercollation.html#SQL-ALTERCOLLATION-NOTES
--!   https://wiki.postgresql.org/wiki/Locale_data_changes
select d.datname as object,
       pg_catalog.format('database %I was built with collation version %s and the machine has %s: searches may miss rows, and duplicates get in',
                         d.datname, d.datcollversion, coalesce(v.actual, 'none')) as detail,
       pg_catalog.jsonb_build_object('database', d.datname, 'recorded', d.datcollversion, 'actual', v.actual) as data
  from pg_catalog.pg_database d
 -- One that was dropped since the snapshot: the first function is null then, the second an error.
 cross join lateral (
   select pg_catalog.pg_describe_object('pg_catalog.pg_database'::regclass, d.oid, 0) is not null as is_there
 ) as e
 cross join lateral (select case when e.is_there then pg_catalog.pg_database_collation_actual_version(d.oid) end as actual) as v
 -- No version is recorded for template0, nor where the provider has none: nothing to compare, and loc-unversioned tells the latter.
 where d.datcollversion is not null
   and e.is_there
   and d.datcollversion is distinct from v.actual
 order by d.datname;
