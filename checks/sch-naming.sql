--! title: Every name can be written without quotes
--! severity: low
--! group: schema
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_attribute, select pg_catalog.pg_proc,
--!   select pg_catalog.pg_type, select pg_catalog.pg_depend, execute pg_catalog.pg_get_keywords()
--! why: A name with capitals, blanks or signs, or one of SQL's own words, needs quotes wherever it is written: the query typed without them is
--!   an error, or reads another table. Names are cut at 63 bytes, so that one of 63 may have lost its end, and the next with the same
--!   beginning is refused.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
--!   https://www.postgresql.org/docs/current/sql-keywords-appendix.html
with keyword as (
  select k.word, k.catcode from pg_catalog.pg_get_keywords() as k where k.catcode <> 'U'
), named(class, oid, number, namespace, name, kind) as (
  select 'pg_catalog.pg_namespace'::regclass, n.oid, 0, n.oid, n.nspname, 'schema' from pg_catalog.pg_namespace n
  union all
  -- Partitions and sequences of identity columns are named after their table; indexes and constraints are seldom written.
  select 'pg_catalog.pg_class'::regclass, c.oid, 0, c.relnamespace, c.relname,
         case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end
    from pg_catalog.pg_class c
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
     and not c.relispartition
     and c.relpersistence <> 't'
     and not (c.relkind = 'S' and exists (select from pg_catalog.pg_depend d
                                           where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
                                             and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')))
  union all
  select 'pg_catalog.pg_class'::regclass, c.oid, a.attnum, c.relnamespace, a.attname,
         case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
   where c.relkind in ('r', 'p', 'v', 'm', 'f')
     and a.attnum > 0 and not a.attisdropped
     and a.attinhcount = 0
     and c.relpersistence <> 't'
  union all
  select 'pg_catalog.pg_proc'::regclass, p.oid, 0, p.pronamespace, p.proname, case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate'
    else 'function' end
    from pg_catalog.pg_proc p
  union all
  -- Types of tables and arrays have their names from elsewhere.
  select 'pg_catalog.pg_type'::regclass, t.oid, 0, t.typnamespace, t.typname, case t.typtype when 'd' then 'domain' else 'type' end
    from pg_catalog.pg_type t
    left join pg_catalog.pg_class c on c.oid = t.typrelid
   where t.typtype in ('d', 'e', 'r', 'c') and coalesce(c.relkind, 'c') = 'c'
), wrong as (
  select m.class, m.oid, m.number, m.namespace, m.name, m.kind,
         case
           when m.name ~ '[ -#%-/:-^`{-~[:cntrl:]]' or m.name ~ '^[0-9$]' then 'needs quotes'
           when k.word is not null then 'is a word of SQL'
           else 'has 63 bytes, and may have had more'
         end as flaw,
         case
           when pg_catalog.octet_length(m.name::text) >= 63 then null
           else pg_catalog.regexp_replace(pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.lower(pg_catalog.regexp_replace(
                  m.name, '([a-z0-9])([A-Z])', '\1_\2', 'g')), '[ -#%-/:-^`{-~[:cntrl:]]+', '_', 'g'), '_'), '^([0-9$]|$)', '_\1')
         end as better
    from named m
    join pg_catalog.pg_namespace n on n.oid = m.namespace
    left join keyword k on k.word = m.name
                       -- Words that can be names of columns and tables, and not of functions and types.
                       and (k.catcode <> 'C' or m.kind in ('function', 'procedure', 'aggregate', 'domain', 'type'))
                       and (k.catcode <> 'T' or m.kind not in ('function', 'procedure', 'aggregate', 'domain', 'type'))
   where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     -- What stays as it is when quoted where needed is none of these; it is one function, and three patterns take five times as long.
     and (pg_catalog.quote_ident(m.name) <> m.name or pg_catalog.octet_length(m.name::text) >= 63)
     and (m.name ~ '[ -#%-/:-^`{-~[:cntrl:]]' or m.name ~ '^[0-9$]' or k.word is not null or pg_catalog.octet_length(m.name::text) >= 63)
), own as (
  select w.*, c.relname, n.nspname,
         case w.class
           when 'pg_catalog.pg_proc'::regclass then pg_catalog.format('%I.%I(%s)', n.nspname, w.name,
             pg_catalog.pg_get_function_identity_arguments(w.oid))
           when 'pg_catalog.pg_namespace'::regclass then pg_catalog.format('schema %I', w.name)
           else pg_catalog.format('%I.%I', n.nspname, coalesce(c.relname, w.name))
         end as object
    from wrong w
    join pg_catalog.pg_namespace n on n.oid = w.namespace
    left join pg_catalog.pg_class c on w.class = 'pg_catalog.pg_class'::regclass and c.oid = w.oid
   where not exists (select from pg_catalog.pg_depend e where e.classid = w.class and e.objid = w.oid and e.deptype = 'e')
)
-- One row a table, with all its columns.
select o.object,
       pg_catalog.format('%s: %s', case when pg_catalog.min(o.kind) = 'schema' then o.object else pg_catalog.min(o.kind) || ' ' || o.object end,
                         pg_catalog.string_agg(case when o.number = 0 then 'its name ' else pg_catalog.format('column %I ', o.name) end || o.flaw,
                                               ', ' order by o.number)) as detail,
       pg_catalog.jsonb_build_object(
         'statement',
         coalesce(pg_catalog.string_agg(
           pg_catalog.format('alter %s rename %sto %I;', case when o.kind = 'schema' then o.object else
                               case o.kind when 'aggregate' then 'routine' when 'procedure' then 'routine' when 'function' then 'routine'
                                 else o.kind end
                               || ' ' || o.object end,
                             case when o.number > 0 then pg_catalog.format('column %I ', o.name) else '' end,
                             o.better || case when o.better in (select k.word from keyword k) then '_' else '' end), E'\n'
           order by o.number = 0, o.number) filter (where o.better is not null), 'give it a shorter name')
         || ' -- with the code that names it') as data
  from own o
 group by o.object, o.class, case when o.class = 'pg_catalog.pg_class'::regclass then o.oid end
 order by o.object;
