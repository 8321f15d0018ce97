--! title: Every partition of an append-only table is attached to it, on this server
--! severity: critical
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits
--! params: protected_tables
--! why: A partition that was detached took its rows out of the table, and one that is being detached concurrently has hidden them already: this
--!   commits before a trigger at the end of the command can refuse it. A foreign partition keeps its rows where no guard of this server reaches.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION
--!   https://www.postgresql.org/docs/current/catalog-pg-inherits.html
with recursive listed as (
  select c.oid as relation
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table'
), family as (
  -- What dbctl.yaml lists, what carries a guard of dbctl, and all that hangs below them.
  select l.relation from listed l
  union
  select t.tgrelid from pg_catalog.pg_trigger t where pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_')
  union
  select i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
), found as (
  select i.inhrelid as relation, 1 as rank,
         pg_catalog.format('it is being detached from %s (inhdetachpending): the table shows none of its rows', i.inhparent::regclass) as problem,
         pg_catalog.format('alter table %1$s detach partition %2$s finalize; alter table %1$s attach partition %2$s %3$s;',
                           i.inhparent::regclass, i.inhrelid::regclass, pg_catalog.pg_get_expr(c.relpartbound, c.oid)) as statement
    from family f
    join pg_catalog.pg_inherits i on i.inhparent = f.relation and i.inhdetachpending
    join pg_catalog.pg_class c on c.oid = i.inhrelid
  union all
  select c.oid, 1,
         'it was a partition, as its guard dbctl_guard_partition_row shows, and is none any more: its table misses its rows',
         'attach it to its table again: runbooks/immutability-violation.md'
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid and not c.relispartition
   where t.tgname = 'dbctl_guard_partition_row'
  union all
  select c.oid, 2,
         'its rows are on another server, and no guard of this one reaches them',
         pg_catalog.format('alter table %s detach partition %s;', i.inhparent::regclass, c.oid::regclass)
    from family f
    join pg_catalog.pg_class c on c.oid = f.relation and c.relkind = 'f'
    join pg_catalog.pg_inherits i on i.inhrelid = c.oid
  union all
  select i.inhrelid, 3,
         pg_catalog.format('it hangs below %s, which is not protected: whoever drops that drops it', i.inhparent::regclass),
         case when c.relispartition then pg_catalog.format('alter table %s detach partition %s;', i.inhparent::regclass, c.oid::regclass)
              else pg_catalog.format('alter table %s no inherit %s;', c.oid::regclass, i.inhparent::regclass) end
    from listed l
    join pg_catalog.pg_inherits i on i.inhrelid = l.relation and i.inhparent not in (select f.relation from family f)
    join pg_catalog.pg_class c on c.oid = i.inhrelid
)
select f.relation::regclass::text as object,
       pg_catalog.format('%s: %s', f.relation::regclass, pg_catalog.string_agg(f.problem, '; ' order by f.rank, f.problem)) as detail,
       pg_catalog.jsonb_build_object(
         'severity', (pg_catalog.string_to_array('critical,high,medium', ','))[pg_catalog.min(f.rank)],
         'statement', pg_catalog.string_agg(f.statement, ' ' order by f.rank, f.problem)
                      || ' -- refused until unlocked: runbooks/emergency-unlock.md') as data
  from found f
 group by f.relation
 order by 1;
