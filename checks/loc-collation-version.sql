--! title: Every collation in use has the version it was created with
--! severity: critical
--! group: locale
--! scope: database
--! needs: select pg_catalog.pg_collation, select pg_catalog.pg_namespace, select pg_catalog.pg_depend,
--!   execute pg_catalog.pg_collation_actual_version(oid)
--! why: A column may have a collation of its own, with a version apart from the database's. When that one changes underneath, the indexes
--!   that use it are in the old order: rows are not found and duplicates get in.
--! fix: alter collation {schema}.{collation} refresh version; -- only after the indexes of loc-affected-indexes are rebuilt
--! refs: https://www.postgresql.org/docs/current/sql-altercollation.html#SQL-ALTERCOLLATION-NOTES
select pg_catalog.format('%I.%I', n.nspname, c.collname) as object,
       pg_catalog.format('collation %I.%I was recorded at version %s and the machine has %s: searches may miss rows, and duplicates get in',
                         n.nspname, c.collname, c.collversion, coalesce(v.actual, 'none')) as detail,
       pg_catalog.jsonb_build_object('schema', n.nspname, 'collation', c.collname, 'recorded', c.collversion, 'actual', v.actual) as data
  from pg_catalog.pg_collation c
  join pg_catalog.pg_namespace n on n.oid = c.collnamespace
 cross join lateral (select pg_catalog.pg_collation_actual_version(c.oid) as actual) as v
 -- The row "default" stands for the database's own collation, which loc-db-version compares.
 where c.collprovider <> 'd'
   and c.collversion is not null
   and c.collversion is distinct from v.actual
   -- initdb imports hundreds; only those something uses can hurt.
   and exists (
         select
           from pg_catalog.pg_depend u
          where u.refclassid = 'pg_catalog.pg_collation'::regclass and u.refobjid = c.oid
       )
 order by 1;
