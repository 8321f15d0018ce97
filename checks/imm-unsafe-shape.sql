--! title: Nothing outside an append-only table decides what its rows say
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_attribute, select pg_catalog.pg_attrdef, select pg_catalog.pg_type, select pg_catalog.pg_constraint
--! params: protected_tables
--! why: Renaming a label of an enum, an attribute of a composite type or the expression of a virtual column changes what old rows say without
--!   touching one; a dropped domain takes its column along; a large object is overwritten by whoever made it; a cascading foreign key turns the
--!   deletion of a parent into one here. Safe are built-in types, stored columns, and foreign keys without action. What dbctl.yaml accepts for
--!   a table stays a finding of low severity.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-altertype.html
--!   https://www.postgresql.org/docs/current/ddl-generated-columns.html
--!   https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK
with recursive listed as (
  select c.oid as relation, w.entry -> 'accept' as accept
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table'
), family as (
  -- What dbctl.yaml lists, what carries a guard of dbctl, and all that hangs below them.
  select l.relation, l.accept from listed l
  union
  select t.tgrelid, '[]' from pg_catalog.pg_trigger t
   where pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_')
     and t.tgrelid not in (select l.relation from listed l)
     and not exists (select from pg_catalog.pg_inherits i where i.inhrelid = t.tgrelid)
  union
  select i.inhrelid, f.accept from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
), written as (
  select f.relation, f.accept, a.attname, a.attrelid, a.attnum,
         case when a.attgenerated = 'v' then 'virtual-column'
              when e.typname = 'lo' or e.oid = 'pg_catalog.oid'::regtype then 'large-object'
              when e.typtype = 'e' then 'enum'
              when e.typtype = 'c' then 'composite'
              when e.typtype = 'd' then 'domain' end as shape,
         pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
         pg_catalog.format_type(e.typbasetype, e.typtypmod) as base,
         case when t.oid <> e.oid then '[]' else '' end as brackets
    from family f
   -- Table by table, by index: the planner takes the family for many tables, and would read all catalogs for it (offset 0 keeps it from that).
   -- Partitions have the columns of their table.
   cross join lateral (select from pg_catalog.pg_class c where c.oid = f.relation and not c.relispartition offset 0) as c
   cross join lateral (
     select b.attname, b.attrelid, b.attnum, b.attgenerated, b.atttypid, b.atttypmod
       from pg_catalog.pg_attribute b
      where b.attrelid = f.relation and b.attnum > 0 and not b.attisdropped
     offset 0
   ) as a
   cross join lateral (select y.oid, y.typcategory, y.typelem from pg_catalog.pg_type y where y.oid = a.atttypid offset 0) as t
   -- The elements of an array.
   cross join lateral (
     select y.oid, y.typname, y.typtype, y.typbasetype, y.typtypmod
       from pg_catalog.pg_type y
      where y.oid = case when t.typcategory = 'A' then t.typelem else t.oid end
     offset 0
   ) as e
), found as (
  select pg_catalog.format('%s.%I', w.relation::regclass, w.attname) as name, w.accept, w.shape,
         case w.shape
           when 'virtual-column' then 'is a virtual generated column: another expression changes every old row'
           when 'enum' then pg_catalog.format('has the enum type %s: renaming a label changes what old rows say', w.type)
           when 'composite' then pg_catalog.format('has the composite type %s: renaming an attribute changes what old rows say', w.type)
           when 'domain' then pg_catalog.format('has the domain %s: dropping it drops the column, and a new constraint stops inserts', w.type)
           else pg_catalog.format('has type %s: the large object it points to can be overwritten', w.type) end as problem,
         pg_catalog.format(
           case w.shape when 'virtual-column' then 'alter table %1$s drop column %2$I, add column %2$I %3$s;'
                        else 'alter table %s alter column %I type %s;' end,
           w.relation::regclass, w.attname,
           case w.shape
             when 'virtual-column' then pg_catalog.format('%s generated always as (%s) stored', w.type,
               (select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d where d.adrelid = w.attrelid and d.adnum = w.attnum))
             when 'enum' then 'text' || w.brackets
             when 'composite' then pg_catalog.format('jsonb using pg_catalog.to_jsonb(%I)', w.attname)
             when 'domain' then w.base || w.brackets
             else pg_catalog.format('bytea using pg_catalog.lo_get(%I)', w.attname) end) as statement
    from written w
   where w.shape is not null
  union all
  select pg_catalog.format('%s: %I', k.conrelid::regclass, k.conname), f.accept, 'cascade',
         pg_catalog.format('changes rows %s: %s', pg_catalog.concat_ws(' and ',
                             case when k.confdeltype not in ('a', 'r') then 'on delete' end,
                             case when k.confupdtype not in ('a', 'r') then 'on update' end), pg_catalog.pg_get_constraintdef(k.oid)),
         pg_catalog.format('alter table %s drop constraint %I, add constraint %2$I %s;', k.conrelid::regclass, k.conname,
           pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid),
                                     ' ON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT)( \([^)]*\))?', '', 'g'))
    from family f
    join pg_catalog.pg_constraint k on k.conrelid = f.relation and k.contype = 'f' and k.conparentid = 0
   where k.confdeltype not in ('a', 'r') or k.confupdtype not in ('a', 'r')
  union all
  select i.inhrelid::regclass::text, f.accept, 'inheritance',
         pg_catalog.format('inherits from %s: guards and constraints are not handed down to it', i.inhparent::regclass),
         pg_catalog.format('alter table %s no inherit %s;', i.inhrelid::regclass, i.inhparent::regclass)
    from family f
    join pg_catalog.pg_inherits i on i.inhparent = f.relation
    join pg_catalog.pg_class c on c.oid = i.inhrelid and not c.relispartition
)
select f.name as object,
       pg_catalog.format('%s %s%s', f.name, f.problem, case when f.accept ? f.shape then ' (accepted in dbctl.yaml)' end) as detail,
       pg_catalog.jsonb_build_object(
         'shape', f.shape,
         'severity', case when f.accept ? f.shape then 'low' else 'high' end,
         'statement', f.statement || ' -- refused until unlocked: runbooks/emergency-unlock.md') as data
  from found f
 order by f.name, f.shape;
