--! title: Every foreign key has an index on the rows that refer
--! severity: medium
--! group: indexes
--! scope: database
--! needs: select pg_catalog.pg_constraint, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_attribute,
--!   select pg_catalog.pg_index, select pg_catalog.pg_opclass, select pg_catalog.pg_amop, select pg_catalog.pg_operator, select pg_catalog.pg_am,
--!   select pg_catalog.pg_depend
--! why: PostgreSQL makes an index for what is referred to, and none for what refers. Without one each delete of a row, and each change of its
--!   key, reads the whole referring table, under a lock on the row. Columns may stand in the index in any order, at its beginning; a partial
--!   index serves when it leaves out nulls alone.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK
with recursive own(root, oid, conrelid, relkind, conkey, conpfeqop) as (
  select c.oid, c.oid, c.conrelid, r.relkind, c.conkey, c.conpfeqop
    from pg_catalog.pg_constraint c
    join pg_catalog.pg_class r on r.oid = c.conrelid
    join pg_catalog.pg_namespace n on n.oid = r.relnamespace
   where c.contype = 'f'
     and c.conparentid = 0
     and r.relpersistence <> 't'
     and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
), every(root, oid, conrelid, relkind, conkey, conpfeqop) as (
  select o.root, o.oid, o.conrelid, o.relkind, o.conkey, o.conpfeqop from own o
  union all
  -- A partition has its own columns, and its own indexes.
  select e.root, c.oid, c.conrelid, r.relkind, c.conkey, c.conpfeqop
    from every e
    join pg_catalog.pg_constraint c on c.conparentid = e.oid and c.contype = 'f' and c.conrelid <> e.conrelid
    join pg_catalog.pg_class r on r.oid = c.conrelid
), lookup as (
  select e.root, e.oid, e.conrelid, e.conkey, e.conpfeqop
    from every e
   -- A partitioned table without partitions answers by the index its partitions will have.
   where (e.relkind <> 'p' or not exists (select from every f where f.root = e.root and f.conrelid <> e.conrelid))
     -- Most keys are one column and have an index that begins with it: they are done with here, the others are looked at in full.
     and not exists (select from pg_catalog.pg_index i
                       join pg_catalog.pg_opclass p on p.oid = i.indclass[0]
                       join pg_catalog.pg_am m on m.oid = p.opcmethod
                       join pg_catalog.pg_amop o on o.amopfamily = p.opcfamily and o.amopopr = e.conpfeqop[1]
                      where i.indrelid = e.conrelid
                        and pg_catalog.cardinality(e.conkey) = 1
                        and i.indkey[0] = e.conkey[1]
                        and i.indcollation[0] = 0
                        and i.indpred is null
                        and i.indisvalid and i.indisready
                        and m.amname not in ('brin', 'gin'))
), usable as (
  select i.indrelid, i.indexrelid, i.indisunique, i.indnkeyatts,
         case when i.indpred is not null then pg_catalog.pg_get_expr(i.indpred, i.indrelid) end as predicate,
         u.number, u.place, p.opcfamily, u.sort
    from pg_catalog.pg_index i
   cross join lateral rows from (pg_catalog.unnest(i.indkey), pg_catalog.unnest(i.indclass), pg_catalog.unnest(i.indcollation))
              with ordinality as u(number, class, sort, place)
    join pg_catalog.pg_opclass p on p.oid = u.class
    -- BRIN and GIN hold equality too, and are read in large parts for it.
    join pg_catalog.pg_am m on m.oid = p.opcmethod and m.amname not in ('brin', 'gin')
   where i.indisvalid and i.indisready
     and i.indrelid in (select l.conrelid from lookup l)
     and u.place <= i.indnkeyatts
), matched as (
  -- How many of the key's columns an index begins with.
  select l.oid, s.indexrelid, s.indisunique, s.indnkeyatts, s.predicate, pg_catalog.count(*) as columns
    from lookup l
   cross join lateral rows from (pg_catalog.unnest(l.conkey), pg_catalog.unnest(l.conpfeqop)) as k(number, operator)
    join pg_catalog.pg_attribute a on a.attrelid = l.conrelid and a.attnum = k.number
    join usable s on s.indrelid = l.conrelid and s.number = k.number and s.place <= pg_catalog.cardinality(l.conkey)
                 and s.sort in (0, a.attcollation)
    join pg_catalog.pg_operator q on q.oid = k.operator
   where (s.predicate is null or s.predicate = pg_catalog.format('(%I IS NOT NULL)', a.attname))
     and exists (select from pg_catalog.pg_amop o where o.amopfamily = s.opcfamily and o.amopopr in (q.oid, q.oprcom))
   group by l.oid, s.indexrelid, s.indisunique, s.indnkeyatts, s.predicate
), bare as (
  select l.root,
         -- Of a partitioned table: in how many of its partitions, and none in itself.
         pg_catalog.count(*) as relations,
         pg_catalog.bool_and(l.oid <> l.root) as below
    from lookup l
   where not exists (select from matched m
                      where m.oid = l.oid
                        -- All of them; or enough of them to leave one row.
                        and (m.columns = pg_catalog.cardinality(l.conkey) or m.indisunique and m.columns = m.indnkeyatts))
   group by l.root
)
select pg_catalog.format('%I.%I: %I', n.nspname, r.relname, c.conname) as object,
       pg_catalog.format('foreign key %I of %I.%I has no index on (%s)%s: each delete in %I.%I reads the whole table', c.conname, n.nspname,
         r.relname,
                         k.list, case when b.below then pg_catalog.format(' in %s of its partitions', b.relations) else '' end,
                         fn.nspname, f.relname) as detail,
       pg_catalog.jsonb_build_object(
         'table', pg_catalog.format('%I.%I', n.nspname, r.relname),
         'columns', k.list,
         'statement',
         case r.relkind
           when 'p' then pg_catalog.format('create index on %I.%I (%s); -- locks out writes: make it concurrently on each partition before, and '
             'this takes those',
                                           n.nspname, r.relname, k.list)
           else pg_catalog.format('create index concurrently on %I.%I (%s);', n.nspname, r.relname, k.list)
         end) as data
  from bare b
  join pg_catalog.pg_constraint c on c.oid = b.root
  join pg_catalog.pg_class r on r.oid = c.conrelid
  join pg_catalog.pg_namespace n on n.oid = r.relnamespace
  join pg_catalog.pg_class f on f.oid = c.confrelid
  join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
 cross join lateral (
   select (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by u.place)
             from pg_catalog.unnest(c.conkey) with ordinality as u(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = u.number) as list
 ) as k
 -- Not enforced (since 18) is never looked up.
 where (select coalesce((pg_catalog.to_jsonb(d) ->> 'conenforced')::boolean, true) from pg_catalog.pg_constraint d where d.oid = b.root)
   and not exists (select from pg_catalog.pg_depend e
                    where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = r.oid and e.deptype = 'e')
 order by 1;
