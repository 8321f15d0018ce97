--! title: No rule, policy or foreign trigger stands between a statement and an append-only table
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_rewrite, select pg_catalog.pg_policy, select pg_catalog.pg_proc
--! params: protected_tables
--! why: Old rows stay as they are and new ones are lost or false: a rule DO INSTEAD NOTHING answers INSERT 0 0, a BEFORE INSERT trigger
--!   changes the row or drops it, a policy hides rows from all but superusers. None of them raises an error.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/rules-triggers.html
--!   https://www.postgresql.org/docs/current/ddl-rowsecurity.html
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
  select pg_catalog.format('rule %I on %s', r.rulename, f.relation::regclass) as name,
         pg_catalog.format('rewrites %s, so rows may be lost without an error',
                           case r.ev_type when '1' then 'select' when '2' then 'update' when '3' then 'insert' else 'delete' end) as problem,
         'high' as severity,
         pg_catalog.format('drop rule %I on %s;', r.rulename, f.relation::regclass) as statement
    from family f
    join pg_catalog.pg_rewrite r on r.ev_class = f.relation
  union all
  select pg_catalog.format('policy %I on %s', p.polname, f.relation::regclass),
         'decides who sees or inserts which rows',
         'high',
         pg_catalog.format('drop policy %I on %s;', p.polname, f.relation::regclass)
    from family f
    join pg_catalog.pg_policy p on p.polrelid = f.relation
  union all
  select pg_catalog.format('row security of %s', f.relation::regclass),
         case when c.relforcerowsecurity then 'is forced: its owner sees no row a policy does not show'
              else 'is enabled: nobody but its owner sees a row that no policy shows' end,
         'high',
         pg_catalog.format('alter table %s disable row level security, no force row level security;', f.relation::regclass)
    from family f
   -- Table by table, by index: the planner takes the family for many tables, and would read the whole catalog for it (offset 0 keeps it from that).
   cross join lateral (
     select d.relforcerowsecurity from pg_catalog.pg_class d where d.oid = f.relation and (d.relrowsecurity or d.relforcerowsecurity) offset 0
   ) as c
  union all
  -- Clones on partitions are told once, at the table they come from. PostgreSQL's own are told by their function: a catalog can be
  -- edited so that a trigger calls itself internal, or a clone.
  select pg_catalog.format('trigger %I on %s', t.tgname, f.relation::regclass),
         pg_catalog.format('runs %s %s',  p.oid::regprocedure,
                           case when t.tgenabled = 'D' then 'once somebody enables it'
                                when t.tgtype & 7 = 7 then 'before each row is inserted, and may change it or drop it'
                                when t.tgtype & 4 = 4 then 'on every insert, and may refuse it or write elsewhere'
                                else 'on update, delete or truncate, and may hide that a guard would have refused' end),
         case when t.tgenabled = 'D' then 'low' when t.tgtype & 7 = 7 then 'high' when t.tgtype & 4 = 4 then 'medium' else 'low' end,
         pg_catalog.format('drop trigger %I on %s;', t.tgname, f.relation::regclass)
    from family f
   cross join lateral (
     select d.tgname, d.tgfoid, d.tgenabled, d.tgtype, d.tgparentid from pg_catalog.pg_trigger d where d.tgrelid = f.relation offset 0
   ) as t
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   where not (n.nspname = 'dbctl' and p.proname in ('refuse_row_change', 'refuse_truncate') and t.tgtype & 4 = 0)
     -- dbctl's own tables say who may write them; on any other table the same function would eat inserts.
     and not (n.nspname = 'dbctl' and p.proname = 'refuse_stranger' and f.relation::regclass::text like 'dbctl.%')
     -- A hold waits for a batch, once a statement: that changes no row.
     and not (n.nspname = 'dbctl' and p.proname = 'hold_between_batches' and f.relation::regclass::text = 'dbctl.legal_hold' and t.tgtype & 1 = 0)
     and not (n.nspname = 'pg_catalog' and (pg_catalog.starts_with(p.proname::text, 'RI_FKey_') or p.proname = 'unique_key_recheck'))
     and not exists (
           select from pg_catalog.pg_trigger o
            where o.oid = t.tgparentid and o.tgfoid = t.tgfoid and o.tgrelid in (select g.relation from family g))
)
select f.name as object,
       pg_catalog.format('%s %s', f.name, f.problem) as detail,
       pg_catalog.jsonb_build_object('severity', f.severity,
                                     'statement', f.statement || ' -- refused until unlocked: runbooks/emergency-unlock.md') as data
  from found f
 order by f.name;
