--! title: Every table has a primary key
--! severity: high
--! group: schema
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_index, select pg_catalog.pg_attribute,
--!   select pg_catalog.pg_constraint, select pg_catalog.pg_depend, select pg_catalog.pg_partitioned_table,
--!   select pg_catalog.pg_opclass
--! why: Without one nothing tells two equal rows apart: a row that came twice cannot be removed alone, nothing can refer to it, and
--!   logical replication refuses its updates and deletes. A partitioned table counts, and not each of its partitions.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS
--!   https://www.postgresql.org/docs/current/logical-replication-publication.html#LOGICAL-REPLICATION-PUBLICATION-REPLICA-IDENTITY
with keyless as (
  select c.oid,
         c.relkind,
         pg_catalog.format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p')
     and not c.relispartition
     and c.relpersistence <> 't'
     and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     and not exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary)
     and not exists (select from pg_catalog.pg_depend e
                      where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
), candidate as (
  -- The best of the unique indexes of each: what it takes to make it the key.
  select distinct on (k.oid)
         k.oid,
         x.relname as index,
         o.conname,
         a.columns,
         a.filled,
         -- What `add primary key using index` accepts.
         o.oid is null and k.relkind = 'r' and not coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false)
           and i.indoption::text !~ '[1-9]'
           and not exists (select from pg_catalog.unnest(i.indclass) as u(class)
                             join pg_catalog.pg_opclass p on p.oid = u.class where not p.opcdefault) as as_it_is
    from keyless k
    join pg_catalog.pg_index i on i.indrelid = k.oid
    join pg_catalog.pg_class x on x.oid = i.indexrelid
    left join pg_catalog.pg_constraint o on o.conindid = i.indexrelid and o.conrelid = k.oid and o.contype = 'u'
   cross join lateral (
     select pg_catalog.string_agg(pg_catalog.quote_ident(t.attname), ', ' order by u.place) as columns,
            pg_catalog.bool_and(t.attnotnull) as filled
       from pg_catalog.unnest(i.indkey) with ordinality as u(number, place)
       join pg_catalog.pg_attribute t on t.attrelid = k.oid and t.attnum = u.number
      where u.place <= i.indnkeyatts
   ) as a
   where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
   order by k.oid, a.filled desc, i.indimmediate desc, i.indnkeyatts, o.oid is null, x.relname
), partitioned as (
  select p.partrelid,
         0 = any (p.partattrs::int2[]) as by_expression,
         (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by u.place)
            from pg_catalog.unnest(p.partattrs) with ordinality as u(number, place)
            join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = u.number) as columns
    from pg_catalog.pg_partitioned_table p
), numbered as (
  -- A column the database numbers.
  select distinct on (k.oid) k.oid, pg_catalog.quote_ident(a.attname) as column
    from keyless k
    join pg_catalog.pg_attribute a on a.attrelid = k.oid and a.attnum > 0 and not a.attisdropped and a.attnotnull
   where a.attidentity <> ''
      or exists (select from pg_catalog.pg_depend d
                  where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = k.oid and d.refobjsubid = a.attnum
                    and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype = 'a')
   order by k.oid, a.attnum
)
select k.name as object,
       case
         when c.filled then
           pg_catalog.format('table %s has no primary key, and a unique index on (%s) which could be one', k.name, c.columns)
         else pg_catalog.format('table %s has no primary key: nothing tells two of its rows apart', k.name)
       end as detail,
       pg_catalog.jsonb_build_object(
         'severity', case when c.filled then 'medium' else 'high' end,
         'table', k.name,
         'statement',
         case
           when p.by_expression then
             pg_catalog.format('-- %s is partitioned by an expression, which no primary key can hold: make it by a column, or add primary key to '
               'each partition', k.name)
           when c.as_it_is and c.filled then
             pg_catalog.format('alter table %s add primary key using index %I;', k.name, c.index)
           when c.filled and c.conname is not null then
             pg_catalog.format('alter table %s add primary key (%s); -- then drop constraint %I, which says the same', k.name, c.columns, c.conname)
           when c.filled then
             pg_catalog.format('alter table %s add primary key (%s); -- then drop index %I, which is the same', k.name, c.columns, c.index)
           when n.column is not null then
             pg_catalog.format('alter table %s add primary key (%s);', k.name, pg_catalog.concat_ws(', ', n.column,
                               (select pg_catalog.string_agg(u.part, ', ' order by u.place)
                                  from pg_catalog.regexp_split_to_table(p.columns, ', ') with ordinality as u(part, place)
                                 where u.part <> n.column)))
           else
             pg_catalog.format('alter table %s add column %I bigint generated always as identity, add primary key (%s); -- rewrites it under a '
               'lock; or name the columns that are its key',
                               k.name, f.column, pg_catalog.concat_ws(', ', pg_catalog.quote_ident(f.column), p.columns))
         end) as data
  from keyless k
  left join candidate c on c.oid = k.oid
  left join partitioned p on p.partrelid = k.oid
  left join numbered n on n.oid = k.oid
 cross join lateral (
   select case when exists (select from pg_catalog.pg_attribute a where a.attrelid = k.oid and a.attname = 'id')
               then 'row_id' else 'id' end as column
 ) as f
 order by k.name;
