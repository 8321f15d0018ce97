--! title: No index is ordered by a collation nobody can check
--! severity: medium
--! group: locale
--! scope: database
--! since: 15
--! needs: select pg_catalog.pg_database, select pg_catalog.pg_collation, select pg_catalog.pg_index, select pg_catalog.pg_class,
--!   select pg_catalog.pg_namespace, select pg_catalog.pg_depend, execute pg_catalog.pg_collation_actual_version(oid),
--!   execute pg_catalog.pg_database_collation_actual_version(oid)
--! why: The C library gives no version for some locales (C.UTF-8, and everything on Alpine's musl): when an image with another library starts
--!   on the same data, the order changes and neither PostgreSQL nor dbctl can see it.
--! fix: use the builtin provider (locale_provider builtin, C.UTF-8) or ICU; for one column:
--!   alter table … alter column … type text collate pg_c_utf8
--! refs: https://www.postgresql.org/docs/current/collation.html
--!   https://wiki.postgresql.org/wiki/Collations
with unversioned(collation_oid, object, name) as (
  select c.oid,
         pg_catalog.format('%I.%I', n.nspname, c.collname),
         pg_catalog.format('collation %I.%I', n.nspname, c.collname)
    from pg_catalog.pg_collation c
    join pg_catalog.pg_namespace n on n.oid = c.collnamespace
   where c.collprovider = 'c'
     -- These two are bytes in order, on every machine.
     and c.collcollate not in ('C', 'POSIX')
     and pg_catalog.pg_collation_actual_version(c.oid) is null
  union all
  select c.oid,
         pg_catalog.format('database %I', d.datname),
         pg_catalog.format('the collation of database %I (libc %s)', d.datname, d.datcollate)
    from pg_catalog.pg_database d
    join pg_catalog.pg_collation c on c.collprovider = 'd'
   where d.datname = pg_catalog.current_database()
     and d.datlocprovider = 'c'
     and d.datcollate not in ('C', 'POSIX')
     and pg_catalog.pg_database_collation_actual_version(d.oid) is null
), using_it as (
  select i.indexrelid, k.collation_oid
    from pg_catalog.pg_index i
   cross join lateral pg_catalog.unnest(i.indcollation) as k(collation_oid)
  union
  select u.objid, u.refobjid
    from pg_catalog.pg_depend u
   where u.classid = 'pg_catalog.pg_class'::regclass
     and u.refclassid = 'pg_catalog.pg_collation'::regclass
)
select v.object,
       pg_catalog.format('%s has no version: %s (such as %s) may be in another order with the next image or C library, and nothing would tell',
                         v.name, pg_catalog.count(*) || case when pg_catalog.count(*) = 1 then ' index' else ' indexes' end,
                         pg_catalog.min(i.oid::regclass::text)) as detail,
       pg_catalog.jsonb_build_object('indexes', pg_catalog.count(*)) as data
  from unversioned v
  join using_it u on u.collation_oid = v.collation_oid
  join pg_catalog.pg_class i on i.oid = u.indexrelid and i.relkind = 'i'
 group by v.object, v.name
 order by v.object;
