--! title: Columns of foreign keys have the types of the columns they refer to
--! severity: medium
--! group: schema
--! scope: database
--! needs: select pg_catalog.pg_constraint, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_attribute,
--!   select pg_catalog.pg_type, select pg_catalog.pg_depend
--! why: The narrower of the two decides: a bigint key that an integer refers to ends at two thousand million, with an error in the middle
--!   of the day. Between unlike types every comparison casts, and may not use the index. Lengths and domains are not
--!   compared, and text and varchar count as one.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK
with recursive domains(oid, base) as (
  select t.oid, t.typbasetype from pg_catalog.pg_type t where t.typtype = 'd'
  union all
  select d.oid, t.typbasetype from domains d join pg_catalog.pg_type t on t.oid = d.base and t.typtype = 'd'
), base_type as (
  select d.oid, d.base from domains d join pg_catalog.pg_type t on t.oid = d.base and t.typtype <> 'd'
), pair as (
  select c.oid,
         c.conname,
         u.place,
         c.conrelid,
         c.confrelid,
         a.attname as column,
         b.attname as referenced_column,
         pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
         pg_catalog.format_type(b.atttypid, b.atttypmod) as referenced_type,
         coalesce(da.base, a.atttypid) as base,
         coalesce(db.base, b.atttypid) as referenced_base
    from pg_catalog.pg_constraint c
   cross join lateral rows from (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey)) with ordinality as u(number, referenced, place)
    join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = u.number
    join pg_catalog.pg_attribute b on b.attrelid = c.confrelid and b.attnum = u.referenced
    left join base_type da on da.oid = a.atttypid
    left join base_type db on db.oid = b.atttypid
   where c.contype = 'f'
     -- Those of partitions follow.
     and c.conparentid = 0
     and a.atttypid <> b.atttypid
)
select pg_catalog.format('%I.%I: %I', n.nspname, r.relname, p.conname) as object,
       pg_catalog.format('foreign key %I of %I.%I compares unlike types: %s', p.conname, n.nspname, r.relname,
                         pg_catalog.string_agg(pg_catalog.format('%I is %s, and refers to %I.%I.%I, which is %s', p.column, p.type,
                                                                 fn.nspname, f.relname, p.referenced_column, p.referenced_type),
                                               '; ' order by p.place)) as detail,
       pg_catalog.jsonb_build_object(
         'statement', pg_catalog.string_agg(
           -- A number grows to the larger of the two; else what refers follows what it refers to.
           case
             when p.base = 20 and p.referenced_base in (21, 23) or p.base = 23 and p.referenced_base = 21 then
               pg_catalog.format('alter table %I.%I alter column %I type %s;', fn.nspname, f.relname, p.referenced_column, p.type)
             when p.base in (20, 21, 23) and p.referenced_base in (20, 21, 23) then
               pg_catalog.format('alter table %I.%I alter column %I type %s;', n.nspname, r.relname, p.column, p.referenced_type)
             else
               pg_catalog.format('alter table %I.%I alter column %I type %s using %I::%s;', n.nspname, r.relname, p.column,
                                 p.referenced_type, p.column, p.referenced_type)
           end, ' ' order by p.place) || ' -- rewrites the table under a lock: on a large one add a new column, fill it in batches and swap') as data
  from pair p
  join pg_catalog.pg_class r on r.oid = p.conrelid
  join pg_catalog.pg_namespace n on n.oid = r.relnamespace
  join pg_catalog.pg_class f on f.oid = p.confrelid
  join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
 where p.base <> p.referenced_base
   and not (p.base in (25, 1043) and p.referenced_base in (25, 1043))
   and r.relpersistence <> 't'
   and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
   and not exists (select from pg_catalog.pg_depend e
                    where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = r.oid and e.deptype = 'e')
 group by n.nspname, r.relname, p.conname
 order by 1;
