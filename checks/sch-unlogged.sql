--! title: Every table survives a crash
--! severity: medium
--! group: schema
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_depend
--! why: An unlogged table is empty after a crash, and after a failover: standbys do not have its rows, and backups of the server's files
--!   do not either. For rows that can be made again that is a price well paid, and a waiver says so.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-UNLOGGED
select pg_catalog.format('%I.%I', n.nspname, c.relname) as object,
       case c.relkind
         when 'S' then pg_catalog.format('sequence %I.%I is unlogged: after a crash it begins again, and gives out numbers it has given out '
           'before', n.nspname, c.relname)
         else pg_catalog.format('table %I.%I is unlogged: after a crash or a failover it is empty', n.nspname, c.relname)
       end as detail,
       pg_catalog.jsonb_build_object(
         'statement', pg_catalog.format('alter %s %I.%I set logged;%s', case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname,
           c.relname,
                                        case c.relkind when 'S' then '' else ' -- writes all of it to the log, under a lock' end)) as data
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relpersistence = 'u'
   and (c.relkind in ('r', 'p')
        -- Sequences of columns go with their table.
        or c.relkind = 'S' and not exists (select from pg_catalog.pg_depend d
                                            where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
                                              and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')))
   and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
   and not exists (select from pg_catalog.pg_depend e
                    where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
 order by 1;
