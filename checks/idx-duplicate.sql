--! title: No index says what another one says
--! severity: low
--! group: indexes
--! scope: database
--! needs: select pg_catalog.pg_index, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_am,
--!   select pg_catalog.pg_constraint, select pg_catalog.pg_depend
--! why: Every write is made to both, both are in memory and in backups, and a query uses one. A B-tree is also in the way where a longer one begins
--!   with the same columns, in the same or wholly reversed order; a unique one only where another is as strict. Collations, operator
--!   classes, expressions, predicates and included columns are compared.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/indexes-multicolumn.html
--!   https://www.postgresql.org/docs/current/indexes-ordering.html
with several as (
  -- Of two of which one is needless both begin with the same: the number of a column, or 0 for an expression.
  select distinct i.indrelid
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indrelid and c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     and not exists (select from pg_catalog.pg_depend e
                      where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
   group by i.indrelid, i.indkey[0], i.indclass[0], i.indcollation[0]
  having pg_catalog.count(*) > 1
), described as (
  select i.indexrelid,
         i.indrelid,
         x.relname as name,
         x.relispartition as attached,
         m.amname,
         i.indisunique,
         i.indisprimary,
         i.indisreplident,
         i.indisexclusion,
         i.indimmediate,
         coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) as strict_nulls,
         case when i.indpred is null then '' else pg_catalog.pg_get_expr(i.indpred, i.indrelid) end as predicate,
         -- Of other kinds than B-tree all of the definition counts, but its name.
         case when m.amname <> 'btree' then
           pg_catalog.replace(pg_catalog.pg_get_indexdef(i.indexrelid), ' INDEX ' || pg_catalog.quote_ident(x.relname) || ' ON ', ' INDEX ON ')
         end as definition,
         k.keys,
         k.orders,
         k.included,
         o.oid as constraint_oid,
         o.conname,
         -- By a foreign key, which takes a unique index that is no constraint too.
         exists (select from pg_catalog.pg_constraint f
                  where f.confrelid = i.indrelid and f.contype = 'f' and f.conindid = i.indexrelid) as referred
    from several s
    join pg_catalog.pg_index i on i.indrelid = s.indrelid and i.indisvalid
    join pg_catalog.pg_class x on x.oid = i.indexrelid
    join pg_catalog.pg_am m on m.oid = x.relam
    left join lateral (
      select c.oid, c.conname
        from pg_catalog.pg_constraint c
       where c.conrelid = i.indrelid and c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x')
    ) as o on true
   cross join lateral (
     select pg_catalog.array_agg(pg_catalog.concat_ws(' ', d.definition, u.class, u.sort) order by u.place)
              filter (where u.place <= i.indnkeyatts) as keys,
            pg_catalog.array_agg(u.option::int4 order by u.place) filter (where u.place <= i.indnkeyatts) as orders,
            coalesce(pg_catalog.array_agg(u.number::int4) filter (where u.place > i.indnkeyatts), '{}'::int4[]) as included,
            pg_catalog.array_agg(u.number::int4) as numbers
       from rows from (pg_catalog.unnest(i.indkey), pg_catalog.unnest(i.indclass), pg_catalog.unnest(i.indcollation), pg_catalog.unnest(i.indoption))
            with ordinality as u(number, class, sort, option, place)
      cross join lateral (
        select case when u.number = 0 then pg_catalog.pg_get_indexdef(i.indexrelid, u.place::int4, false) else u.number::text end as definition
      ) as d
   ) as k
), redundant as (
  -- a is not needed beside b.
  select a.indexrelid as a, b.indexrelid as b
    from described a
    join described b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid and b.amname = a.amname and b.predicate = a.predicate
   where not a.attached
     and not a.indisexclusion
     and case
           when a.amname <> 'btree' then a.definition = b.definition
           else a.keys = b.keys[1:pg_catalog.cardinality(a.keys)]
                and (a.orders = b.orders[1:pg_catalog.cardinality(a.orders)]
                     -- Read from its end, 3 is the opposite of 0: both direction and place of nulls.
                     or (select pg_catalog.bool_and(o.one # o.other = 3)
                           from rows from (pg_catalog.unnest(a.orders),
                             pg_catalog.unnest(b.orders[1:pg_catalog.cardinality(a.orders)])) as o(one, other)))
                and a.included <@ (b.included || (select pg_catalog.array_agg(pg_catalog.split_part(e.key, ' ', 1)::int4)
                                                    from pg_catalog.unnest(b.keys) as e(key) where e.key ~ '^\d+ \d+ \d+$'))
         end
     and (not a.indisunique
          or b.indisunique and b.keys = a.keys and (b.indimmediate or not a.indimmediate) and (b.strict_nulls or not a.strict_nulls))
), ranked as (
  select d.indexrelid,
         -- Which of two equal ones stays.
         array[d.attached::int4, d.indisprimary::int4, d.referred::int4, (d.constraint_oid is not null)::int4, d.indisreplident::int4,
               d.indisunique::int4] as weight,
         pg_catalog.cardinality(d.keys) as length,
         d.name
    from described d
), needless as (
  select distinct on (r.a) r.a, r.b
    from redundant r
    join ranked ra on ra.indexrelid = r.a
    join ranked rb on rb.indexrelid = r.b
   where not exists (select from redundant o where o.a = r.b and o.b = r.a)
      or ra.weight < rb.weight
      or ra.weight = rb.weight and ra.name > rb.name
   order by r.a, rb.length desc, rb.weight desc, rb.name
)
select pg_catalog.format('%I.%I', n.nspname, a.name) as object,
       pg_catalog.format('index %I of table %I.%I says nothing that index %I does not: every write is made to both', a.name, n.nspname,
         t.relname, b.name)
         as detail,
       pg_catalog.jsonb_build_object(
         'index', pg_catalog.format('%I.%I', n.nspname, a.name),
         'beside', pg_catalog.format('%I.%I', n.nspname, b.name),
         'bytes', x.relpages::int8 * pg_catalog.current_setting('block_size')::int8,
         'statement', pg_catalog.concat(
           case when a.indisreplident then
             pg_catalog.format('alter table %I.%I replica identity using index %I; ', n.nspname, t.relname, b.name)
           end,
           case
             when a.referred then
               pg_catalog.format('-- foreign keys rely on it: drop them, then %s and add them again, which takes %I',
                                 case when a.conname is null then pg_catalog.format('drop index %I.%I;', n.nspname, a.name)
                                      else pg_catalog.format('alter table %I.%I drop constraint %I;', n.nspname, t.relname, a.conname) end, b.name)
             when a.conname is not null then
               pg_catalog.format('alter table %I.%I drop constraint %I;', n.nspname, t.relname, a.conname)
             when x.relkind = 'I' then
               pg_catalog.format('drop index %I.%I; -- with those of its partitions', n.nspname, a.name)
             else pg_catalog.format('drop index concurrently %I.%I;', n.nspname, a.name)
           end)) as data
  from needless d
  join described a on a.indexrelid = d.a
  join described b on b.indexrelid = d.b
  join pg_catalog.pg_class x on x.oid = a.indexrelid
  join pg_catalog.pg_class t on t.oid = a.indrelid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
 order by 1;
