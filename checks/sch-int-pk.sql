--! title: No numbering of columns comes near its end
--! severity: medium
--! group: schema
--! scope: database
--! needs: select pg_catalog.pg_sequence, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_attribute,
--!   select pg_catalog.pg_depend, select pg_catalog.pg_attrdef, execute pg_catalog.pg_sequence_last_value(regclass)
--! why: A numbering of four bytes ends at 2,147,483,647, one of two at 32,767: from then on every insert fails, and making the column wider
--!   rewrites table and indexes under a lock. Half is the time to plan it. What counts is the narrowest of the sequence and the columns it
--!   fills. Sequences whose end is beyond 2^53 are not asked: at a million a second that is 285 years.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL
--!   https://www.postgresql.org/docs/current/sql-createsequence.html
with feeds as (
  -- Identity and serial: the sequence belongs to the column. Other defaults: they name it.
  select d.objid as sequence, d.refobjid as relation, d.refobjsubid as number
    from pg_catalog.pg_sequence s
    join pg_catalog.pg_depend d on d.objid = s.seqrelid
   where d.classid = 'pg_catalog.pg_class'::regclass
     and d.refclassid = 'pg_catalog.pg_class'::regclass
     and d.deptype in ('a', 'i')
     and d.refobjsubid > 0
  union all
  select d.refobjid, f.adrelid, f.adnum
    from pg_catalog.pg_depend d
    join pg_catalog.pg_attrdef f on f.oid = d.objid
   where d.classid = 'pg_catalog.pg_attrdef'::regclass
     and d.refclassid = 'pg_catalog.pg_class'::regclass
), numbering as (
  -- Of several columns the narrowest; a partition's is its parent's.
  select distinct on (s.seqrelid)
         s.seqrelid,
         pg_catalog.format('%I.%I', n.nspname, q.relname) as name,
         n.nspname,
         s.seqincrement,
         l.size as column_end,
         case when s.seqincrement > 0 then s.seqmax else -(s.seqmin::numeric) end as sequence_end,
         s.seqcycle,
         pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) as relation,
         a.attname,
         pg_catalog.format_type(a.atttypid, -1) as type
    from pg_catalog.pg_sequence s
    join pg_catalog.pg_class q on q.oid = s.seqrelid
    join pg_catalog.pg_namespace n on n.oid = q.relnamespace
    left join feeds f on f.sequence = s.seqrelid
    left join pg_catalog.pg_class t on t.oid = f.relation and t.relkind in ('r', 'p', 'f')
    left join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = f.number
   cross join lateral (
     select case a.atttypid when 21 then 32767::numeric when 23 then 2147483647 end as size
   ) as l
   where q.relpersistence <> 't'
     and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
   order by s.seqrelid, l.size nulls last, coalesce(t.relispartition, false), 8, 9
), ending as (
  select m.*,
         least(m.column_end, m.sequence_end) as last_number,
         pg_catalog.has_sequence_privilege(m.seqrelid, 'select, usage') as seen
    from numbering m
   where least(m.column_end, m.sequence_end) between 1 and 9007199254740991
     -- One that begins again on purpose ends only where its column is narrower.
     and not (m.seqcycle and m.sequence_end <= coalesce(m.column_end, m.sequence_end))
     and not exists (select from pg_catalog.pg_depend e
                      where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = m.seqrelid and e.deptype = 'e')
), used as (
  select e.*,
         case when e.seen
              then coalesce(pg_catalog.pg_sequence_last_value(e.seqrelid) * pg_catalog.sign(e.seqincrement)::int4::numeric, 0) / e.last_number
         end as share
    from ending e
)
select u.name as object,
       pg_catalog.format('sequence %s %shas given out %s %% of the numbers up to %s: then %s', u.name,
                         'fills column ' || pg_catalog.quote_ident(u.attname) || ' of ' || u.relation || ' (' || u.type || '), and ',
                         pg_catalog.floor(u.share * 100), u.last_number * pg_catalog.sign(u.seqincrement)::int4,
                         case when u.attname is null then 'it gives out none' else 'every insert fails' end) as detail,
       pg_catalog.jsonb_build_object(
         'severity', case when u.share >= 0.8 then 'high' else 'medium' end,
         'share', pg_catalog.round(u.share, 3),
         'statement', pg_catalog.concat_ws(E'\n',
           case when u.column_end is not null then
             pg_catalog.format('alter table %s alter column %I type bigint; -- rewrites the table under a lock: on a large one add a new column, '
               'fill it in batches and swap; columns that refer to it too',
                               u.relation, u.attname)
           end,
           case when u.sequence_end <= 2147483647 then
             pg_catalog.format('alter sequence %s as bigint %s;', u.name,
                               case when u.seqincrement > 0 then 'no maxvalue' else 'no minvalue' end)
           when u.column_end is null then
             pg_catalog.format('alter sequence %s %s;', u.name, case when u.seqincrement > 0 then 'no maxvalue' else 'no minvalue' end)
           end)) as data
  from used u
 where u.share >= 0.5
union all
-- A sequence says nothing to who may not read it.
select pg_catalog.format('schema %I', u.nspname),
       pg_catalog.format('role %I may not read %s of schema %I, and what they have given out is in them alone', current_user,
                         case pg_catalog.count(*) when 1 then 'a sequence' else pg_catalog.count(*) || ' sequences' end, u.nspname),
       pg_catalog.jsonb_build_object(
         'status', 'unknown',
         'statement', pg_catalog.string_agg(pg_catalog.format('grant select on sequence %s to %I;', u.name, current_user), E'\n' order by u.name))
  from used u
 where not u.seen
 group by u.nspname
 order by 1;
