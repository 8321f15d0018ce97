--! title: The registry names the append-only tables of dbctl.yaml and their partitions, as they are called now
--! severity: critical
--! group: immutability
--! scope: database
--! needs: select dbctl.protected_relation, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger,
--!   select pg_catalog.pg_inherits
--! params: protected_tables, protected_owner
--! why: Event triggers refuse DDL on what the registry holds, by oid. A partition that is not in it may be altered and dropped; a table that
--!   is in it and gone was dropped by somebody who had switched them off; one under another name made room for a fresh and empty one.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/event-trigger-definition.html
--!   https://www.postgresql.org/docs/current/catalog-pg-class.html
with recursive listed as (
  select c.oid as relation, w.entry
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table' and c.relkind in ('r', 'p')
), family as (
  select l.relation, l.relation as root, l.entry from listed l
  union
  select i.inhrelid, f.root, f.entry from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
), registered as (
  select r.relation::oid as relation, r.root::oid as root, r.owner_name, r.generated_columns, r.accepted_shapes, r.shape,
         pg_catalog.format('%I.%I', r.schema_name, r.table_name) as name, c.oid as found, c.oid::regclass::text as now,
         exists (select from listed l where l.relation = r.root) as is_listed
    from dbctl.protected_relation r
    left join pg_catalog.pg_class c on c.oid = r.relation
), found as (
  -- Partitions are told one by one only where their table is registered.
  select m.told_as::regclass::text as name, 2 as rank,
         pg_catalog.concat('is not registered', case when pg_catalog.count(*) > 1 then ', nor are its partitions' end,
                           ': event triggers let the definition be changed') as problem,
         'dbctl immutability install' as statement
    from (select case when f.root in (select r.relation from registered r) then f.relation else f.root end as told_as
            from family f
            join pg_catalog.pg_class c on c.oid = f.relation and c.relkind in ('r', 'p')
           where f.relation not in (select r.relation from registered r)) m
   group by m.told_as
  union all
  select r.name, 1, pg_catalog.format('is registered and gone (oid %s)', r.relation), 'restore it: runbooks/immutability-violation.md'
    from registered r
   where r.found is null
  union all
  select r.now, 2, pg_catalog.format('was registered as %s', r.name),
         'rename it back, or move it; -- refused until unlocked: runbooks/emergency-unlock.md'
    from registered r
    join pg_catalog.pg_class c on c.oid = r.found
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where r.name <> pg_catalog.format('%I.%I', n.nspname, c.relname)
  union all
  select r.now, 1, pg_catalog.format('was a partition of %s and is none any more', r.root::regclass),
         'attach it to its table again: runbooks/immutability-violation.md'
    from registered r
   where r.found is not null and r.is_listed and r.relation not in (select f.relation from family f where f.root = r.root)
  union all
  select r.now, 3,
         pg_catalog.format('is registered with %s partitions, and dbctl.yaml does not list it',
                           (select pg_catalog.count(*) - 1 from registered p where p.root = r.root))
         || case when exists (select from pg_catalog.pg_trigger t
                               where t.tgrelid = r.found and pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_'))
                 then '' else '; no guard is on it either' end,
         'list it in immutability.tables, or: dbctl immutability uninstall'
    from registered r
   where r.found is not null and not r.is_listed and r.relation = r.root and r.relation not in (select f.relation from family f)
  union all
  select r.now, 3,
         pg_catalog.concat_ws(', ',
           case when not (f.entry -> 'generated' @> pg_catalog.to_jsonb(r.generated_columns)
                          and f.entry -> 'generated' <@ pg_catalog.to_jsonb(r.generated_columns))
                then pg_catalog.format('is registered with generated columns %s instead of %s', pg_catalog.to_jsonb(r.generated_columns),
                                       f.entry -> 'generated') end,
           case when not (f.entry -> 'accept' @> pg_catalog.to_jsonb(r.accepted_shapes)
                          and f.entry -> 'accept' <@ pg_catalog.to_jsonb(r.accepted_shapes))
                then pg_catalog.format('is registered with accepted shapes %s instead of %s', pg_catalog.to_jsonb(r.accepted_shapes),
                                       f.entry -> 'accept') end,
           case when r.owner_name <> $2 then pg_catalog.format('is registered with owner %I instead of %I', r.owner_name, $2) end),
         'dbctl immutability install'
    from registered r
    join family f on f.relation = r.relation and f.relation = f.root
  union all
  select r.now, 2, 'is registered without a shape: no change of its definition is refused', 'dbctl immutability install --repair'
    from registered r
   where r.found is not null and r.shape is null
)
select f.name as object,
       pg_catalog.format('%s %s', f.name, pg_catalog.string_agg(f.problem, '; ' order by f.rank, f.problem)) as detail,
       pg_catalog.jsonb_build_object(
         'severity', (pg_catalog.string_to_array('critical,high,medium', ','))[pg_catalog.min(f.rank)],
         'statement', (pg_catalog.array_agg(f.statement order by f.rank, f.problem))[1]) as data
  from found f
 where f.problem <> ''
 group by f.name
 order by f.name;
