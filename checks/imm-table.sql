--! title: Every append-only table of dbctl.yaml is there, and a crash cannot empty it
--! severity: critical
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits
--! params: protected_tables
--! why: A table that is gone, renamed or replaced by a view of the same name took its rows with it. An unlogged table is empty after a crash
--!   of the server, and after every failover: SET UNLOGGED is a delete that waits.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-UNLOGGED
--!   https://www.postgresql.org/docs/current/catalog-pg-class.html
with recursive listed as (
  select w.entry ->> 'schema' as schema_name, w.entry ->> 'table' as table_name, c.oid as relation, c.relkind
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    left join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table'
), family as (
  -- What dbctl.yaml lists, what carries a guard of dbctl, and all that hangs below them.
  select l.relation from listed l where l.relation is not null
  union
  select t.tgrelid from pg_catalog.pg_trigger t where pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_')
  union
  select i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
), found as (
  select pg_catalog.format('%I.%I', l.schema_name, l.table_name) as name,
         case when l.relation is null then 'dbctl.yaml lists it, and there is no such table'
              else pg_catalog.format('dbctl.yaml lists it as a table, and it is a %s',
                                     case l.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                                                    when 'S' then 'sequence' when 'c' then 'composite type' else 'relation of another kind' end)
         end as problem,
         case when l.relation is null then 'dbctl migrate up, where it was never made; else restore it: runbooks/immutability-violation.md'
              else 'restore the table: runbooks/immutability-violation.md; or list the table behind it in immutability.tables'
         end as statement,
         'critical' as severity
    from listed l
   where l.relation is null or l.relkind not in ('r', 'p')
  union all
  select f.relation::regclass::text,
         'it is unlogged: a crash of the server empties it',
         pg_catalog.format('alter table %s set logged; -- refused until unlocked: runbooks/emergency-unlock.md', f.relation::regclass),
         'critical'
    from family f
    join pg_catalog.pg_class c on c.oid = f.relation and c.relkind in ('r', 'p') and c.relpersistence <> 'p'
)
select f.name as object,
       pg_catalog.format('%s: %s', f.name, f.problem) as detail,
       pg_catalog.jsonb_build_object('statement', f.statement, 'severity', f.severity) as data
  from found f
 order by f.name;
