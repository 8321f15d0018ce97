--! title: No security definer function lends the rights of the guards or of the tables' owner
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_proc, select pg_catalog.pg_roles
--! params: protected_tables, guard_functions, protected_owner
--! why: A security definer function does what its owner may, for whoever may call it. One of the tables' owner can disable guards and drop
--!   partitions; one of dbctl_guard can write permits. dbctl's own are known by name and body (imm-function); any other is a door nobody looked at.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
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
), lender as (
  select r.oid, r.rolname
    from pg_catalog.pg_roles r
   where not r.rolsuper
     and (r.rolname in ('dbctl_guard', $3)
          or r.oid in (select c.relowner from family f join pg_catalog.pg_class c on c.oid = f.relation))
), found as (
  select p.oid::regprocedure as routine, l.rolname, n.nspname = 'dbctl' as is_in_dbctl,
         pg_catalog.string_agg(case when g.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end, ', '
                               order by g.grantee) as callers
    from lender l
    join pg_catalog.pg_proc p on p.proowner = l.oid and p.prosecdef
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    left join lateral pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) g on g.grantee <> p.proowner
   where not exists (
           select from pg_catalog.jsonb_to_recordset($2) as w(name text, args text)
            where n.nspname = 'dbctl' and w.name = p.proname and w.args = pg_catalog.pg_get_function_arguments(p.oid))
   group by p.oid, l.rolname, n.nspname
)
select f.routine::text as object,
       pg_catalog.format('%s runs with the rights of %I, and %s may call it', f.routine, f.rolname,
                         coalesce(f.callers, 'nobody else for now')) as detail,
       pg_catalog.jsonb_build_object(
         'severity', case when f.callers is null then 'medium' else 'high' end,
         'statement',
         case when f.is_in_dbctl then
                pg_catalog.format('begin; insert into dbctl.permit (relation, purpose, reason) values (null, %L, %L); drop routine %s; commit;',
                                  'upgrade', 'foreign function', f.routine)
              else pg_catalog.format('alter routine %s security invoker;', f.routine) end) as data
  from found f
 order by 1;
