--! title: Guards refuse update, delete and truncate on every append-only table and each of its partitions
--! severity: critical
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_proc, select pg_catalog.pg_depend, select pg_catalog.pg_extension
--! params: protected_tables
--! why: Looked at are the bits of pg_trigger, never names or definitions: tgtype 27 (before update or delete, each row), 26 (each statement)
--!   and 34 (before truncate), enabled ALWAYS, without condition, made on the relation itself. CREATE OR REPLACE TRIGGER and ENABLE TRIGGER ALL
--!   take ALWAYS away without a word; truncate triggers are not cloned to partitions, and cloned row triggers are gone after DETACH.
--!   Whether the functions they run are still those of dbctl is the matter of imm-function.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/catalog-pg-trigger.html
--!   https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-DISABLE-ENABLE-TRIGGER
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
), member as (
  select c.oid as relation, c.relkind, c.relispartition, c.relhastriggers
    from family f
    join pg_catalog.pg_class c on c.oid = f.relation and c.relkind in ('r', 'p')
), wanted(bits, names, runs, passes) as (
  values (27, '{dbctl_guard_row,dbctl_guard_partition_row}'::name[], 'refuse_row_change', 'update and delete of rows'),
         (26, '{dbctl_guard_statement}', 'refuse_row_change', 'update and delete that find no row'),
         (34, '{dbctl_guard_truncate}', 'refuse_truncate', 'truncate')
), candidate as (
  select m.relation, m.relhastriggers, w.bits, w.passes, t.oid, t.tgname, t.tgenabled, e.extname,
         pg_catalog.concat_ws(' and ',
           case when t.tgtype <> w.bits then pg_catalog.format('fires on something else (tgtype %s)', t.tgtype) end,
           case when n.nspname <> 'dbctl' or p.proname <> w.runs then pg_catalog.format('runs %s', p.oid::regprocedure) end,
           case when t.tgqual is not null then 'has a WHEN condition' end,
           case when t.tgattr::text <> '' then 'is for some columns only' end,
           case when t.tgdeferrable then 'can be deferred' end,
           case when t.tgnargs <> 0 then 'has arguments' end) as wrong
    from member m
    -- A partitioned partition holds no rows, and the row guard of its parent is cloned through it.
    join wanted w on w.bits <> 27 or m.relkind = 'r' or not m.relispartition
    -- Table by table, by index: the planner takes the family for many tables, and would read the whole catalog for it (offset 0 keeps it from that).
    left join lateral (
      select d.oid, d.tgname, d.tgtype, d.tgenabled, d.tgfoid, d.tgqual, d.tgattr, d.tgdeferrable, d.tgnargs
        from pg_catalog.pg_trigger d
       -- A clone goes with its parent's trigger, so it does not count.
       where d.tgrelid = m.relation and d.tgparentid = 0
      offset 0
    ) as t
      on t.tgname = any (w.names)
      or t.tgtype = w.bits
     and exists (select from pg_catalog.pg_proc f join pg_catalog.pg_namespace s on s.oid = f.pronamespace
                  where f.oid = t.tgfoid and s.nspname = 'dbctl' and f.proname = w.runs)
    left join pg_catalog.pg_proc p on p.oid = t.tgfoid
    left join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    left join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_trigger'::regclass and d.objid = t.oid and d.deptype = 'x'
    left join pg_catalog.pg_extension e on d.refclassid = 'pg_catalog.pg_extension'::regclass and e.oid = d.refobjid
), problem as (
  select c.relation,
         case when pg_catalog.bool_and(c.oid is null) then pg_catalog.format('no trigger refuses %s', c.passes)
              else pg_catalog.format('%s may pass: trigger %s', c.passes,
                     pg_catalog.string_agg(
                       pg_catalog.format('%I %s', c.tgname,
                         pg_catalog.concat_ws(' and ', nullif(c.wrong, ''),
                           case when c.tgenabled <> 'A' then pg_catalog.format('is not enabled always (tgenabled %s)', c.tgenabled) end,
                           'goes when extension ' || pg_catalog.quote_ident(c.extname) || ' is dropped')), ', trigger ' order by c.tgname)
                       filter (where c.oid is not null))
         end as words,
         -- Enabled for origin it still refuses what ordinary sessions do; statements that find no row change nothing.
         case when c.bits = 26 then 3 when pg_catalog.bool_or(c.wrong = '' and c.tgenabled = 'O' and c.extname is null) then 2 else 1 end as rank,
         case when pg_catalog.bool_and(c.oid is not null and c.wrong = '' and c.extname is null)
              then pg_catalog.string_agg('enable always trigger ' || pg_catalog.quote_ident(c.tgname), ', ' order by c.tgname) end as action,
         case when pg_catalog.bool_and(c.oid is not null and c.wrong = '' and c.tgenabled = 'A')
              then pg_catalog.string_agg(pg_catalog.format('alter trigger %I on %s no depends on extension %I;', c.tgname, c.relation::regclass,
                                                           c.extname), ' ' order by c.tgname) filter (where c.extname is not null) end as statement
    from candidate c
   group by c.relation, c.bits, c.passes
  having not coalesce(pg_catalog.bool_or(c.wrong = '' and c.tgenabled = 'A' and c.extname is null and c.oid is not null), false)
  union all
  select m.relation, 'no trigger of it fires (pg_class.relhastriggers is false)', 1, null,
         pg_catalog.format('update pg_catalog.pg_class set relhastriggers = true where oid = %L::pg_catalog.regclass;', m.relation::regclass)
    from member m
   where not m.relhastriggers and exists (select from pg_catalog.pg_trigger t where t.tgrelid = m.relation)
  union all
  select m.relation,
         pg_catalog.format('the clone %I of its parent''s guard is not enabled always (tgenabled %s)', t.tgname, t.tgenabled), 4,
         pg_catalog.format('enable always trigger %I', t.tgname), null
    from member m
    join pg_catalog.pg_trigger t on t.tgrelid = m.relation and t.tgparentid <> 0 and t.tgname = 'dbctl_guard_row' and t.tgenabled <> 'A'
)
select p.relation::regclass::text as object,
       pg_catalog.format('%s: %s', p.relation::regclass, pg_catalog.string_agg(p.words, '; ' order by p.rank, p.words)) as detail,
       pg_catalog.jsonb_build_object(
         'severity', (pg_catalog.string_to_array('critical,high,medium,low', ','))[pg_catalog.min(p.rank)],
         -- In one statement: with event triggers on, none may end with a guard still open.
         'statement', case when pg_catalog.bool_and(p.action is not null)
                           then pg_catalog.format('alter table %s %s;', p.relation::regclass, pg_catalog.string_agg(p.action, ', ' order by p.action))
                           when pg_catalog.count(*) = 1 and pg_catalog.min(p.statement) is not null then pg_catalog.min(p.statement)
                           else 'dbctl immutability install --repair' end) as data
  from problem p
 group by p.relation
 order by 1;
