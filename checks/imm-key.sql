--! title: Keys of append-only tables hold
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_index, select pg_catalog.pg_constraint, select pg_catalog.pg_attribute
--! params: protected_tables
--! why: What CREATE UNIQUE INDEX CONCURRENTLY leaves behind when it fails looks like a key and is none for the rows before it; an index that is
--!   not ready lets a second row in under the id of the first, and nobody can say which of the two is the record. DISABLE TRIGGER ALL takes the
--!   foreign keys along, in silence: rows that refer to nothing come in, and enabling the guards again does not bring the keys back. A key that
--!   came after the guards cannot be checked, since the server locks rows with the rights of their owner, who may update nothing: whoever inserts
--!   a row that refers is refused.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
--!   https://www.postgresql.org/docs/current/catalog-pg-constraint.html
with recursive family as (
  -- What dbctl.yaml lists, what carries a guard of dbctl, and all that hangs below them.
  select c.oid as relation
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table'
  union
  select t.tgrelid from pg_catalog.pg_trigger t where pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_')
  union
  select i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
), found as (
  select i.indexrelid::regclass::text as name,
         pg_catalog.format('%s %s on %s is not %s', case when i.indisprimary then 'primary key' else 'unique index' end, i.indexrelid::regclass,
                           f.relation::regclass,
                           case when not i.indisready then 'ready: duplicates come in' else 'valid: duplicates may be in' end) as detail,
         case when i.indisready and i.indislive then 'medium' else 'high' end as severity,
         pg_catalog.format('reindex index concurrently %s; -- where it fails there are duplicates already: runbooks/immutability-violation.md',
                           i.indexrelid::regclass) as statement
    from family f
    join pg_catalog.pg_index i on i.indrelid = f.relation and i.indisunique and not (i.indisvalid and i.indisready and i.indislive)
  union all
  select pg_catalog.format('%s: %I', f.relation::regclass, k.conname),
         pg_catalog.format('foreign key %I of %s is not checked: its trigger on %s is not enabled for everybody (tgenabled %s)', k.conname,
                           k.conrelid::regclass, f.relation::regclass, pg_catalog.min(t.tgenabled::text)),
         'high',
         pg_catalog.string_agg(pg_catalog.format('alter table %s enable trigger %I;', f.relation::regclass, t.tgname), ' ' order by t.tgname)
    from family f
    -- Enabled always would be checked in a replica, too, and is as good.
    join pg_catalog.pg_trigger t on t.tgrelid = f.relation and t.tgisinternal and t.tgenabled not in ('O', 'A')
    join pg_catalog.pg_constraint k on k.oid = t.tgconstraint and k.contype = 'f'
   group by f.relation, k.oid, k.conname, k.conrelid
  union all
  select pg_catalog.format('%s: %I', k.conrelid::regclass, k.conname),
         pg_catalog.format('foreign key %I of %s is not %s', k.conname, k.conrelid::regclass,
                           case when e.enforced then 'valid: rows from before it may refer to nothing'
                                else 'enforced: rows may refer to nothing' end),
         case when e.enforced then 'low' else 'high' end,
         pg_catalog.format(case when e.enforced then 'alter table %s validate constraint %I;' else 'alter table %s alter constraint %I enforced;' end,
                           k.conrelid::regclass, k.conname)
    from family f
    join pg_catalog.pg_constraint k on k.conrelid = f.relation and k.contype = 'f' and not k.convalidated
   -- The column is there since 18.
   cross join lateral (select pg_catalog.to_jsonb(k) ->> 'conenforced' is distinct from 'false' as enforced) e
  union all
  select pg_catalog.format('%s: %I', k.conrelid::regclass, k.conname),
         pg_catalog.format('foreign key %I of %s cannot be checked: %s may update no column of %s, and whoever writes on the other side is refused',
                           k.conname, k.conrelid::regclass, pg_catalog.pg_get_userbyid(c.relowner), c.oid::regclass),
         'high',
         pg_catalog.format('grant update (%I) on table %s to %I;', a.attname, c.oid::regclass, pg_catalog.pg_get_userbyid(c.relowner))
    from family f
   -- Table by table, by index: the planner takes the family for many tables, and would read the whole catalog for it (offset 0 keeps it from that).
   cross join lateral (select d.oid, d.relowner from pg_catalog.pg_class d where d.oid = f.relation offset 0) as c
    -- Both sides of a key carry its triggers; those of partitions are asked at the table.
   cross join lateral (select d.tgconstraint from pg_catalog.pg_trigger d where d.tgrelid = c.oid and d.tgisinternal offset 0) as t
    join pg_catalog.pg_constraint k on k.oid = t.tgconstraint and k.contype = 'f' and k.conparentid = 0
   cross join lateral (select b.attname from pg_catalog.pg_attribute b
                        where b.attrelid = c.oid and b.attnum > 0 and not b.attisdropped order by b.attnum limit 1) a
   where not pg_catalog.has_any_column_privilege(c.relowner, c.oid, 'UPDATE')
     -- The rows that an append-only table refers to in another one are never deleted, and so never looked for.
     and (k.confrelid = c.oid or k.confrelid not in (select o.relation from family o))
   group by k.oid, k.conname, k.conrelid, c.oid, c.relowner, a.attname
)
select f.name as object,
       pg_catalog.string_agg(f.detail, '; ' order by f.severity, f.detail) as detail,
       pg_catalog.jsonb_build_object(
         -- A foreign key may be found twice, and high sorts before low.
         'severity', pg_catalog.min(f.severity),
         'statement', pg_catalog.string_agg(f.statement, ' ' order by f.severity, f.detail)) as data
  from found f
 group by f.name
 order by f.name;
