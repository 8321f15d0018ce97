--! title: No function with its owner's rights is open to everybody
--! severity: high
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_proc, select pg_catalog.pg_namespace, select pg_catalog.pg_roles, select pg_catalog.pg_depend
--! params: public_grants
--! why: A SECURITY DEFINER function is a door to its owner's rights, and a new function is open to every role until that is revoked. A trigger
--!   function cannot be called, but whoever may make a temporary table puts it there and chooses what it is handed.
--! fix: revoke execute on routine {routine:sql} from public; -- then grant execute to the roles that call it
--! refs: https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
--!   CIS PostgreSQL 18: 4.5
with open as (
  select p.oid, n.nspname, p.proname, o.rolname, o.rolsuper, p.prorettype,
         pg_catalog.oidvectortypes(p.proargtypes) as args,
         pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)) as routine
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_roles o on o.oid = p.proowner
   cross join lateral pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as a
   where p.prosecdef
     and a.grantee = 0
     -- A superuser alone makes an event trigger, and it runs for others as that wants.
     and p.prorettype <> 'pg_catalog.event_trigger'::regtype
     and p.oid >= 16384
     and n.nspname !~ '^pg_temp_'
     -- Those of an extension are as its author wants them.
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
)
select o.routine as object,
       pg_catalog.format(case when o.prorettype = 'pg_catalog.trigger'::regtype
                              then 'every role may put trigger function %s on a table of its own, and it runs as %I%s'
                              else 'every role may call %s, which runs as %I%s' end,
                         o.routine, o.rolname, case when o.rolsuper then ', a superuser' end) as detail,
       pg_catalog.jsonb_build_object('severity', case when o.prorettype = 'pg_catalog.trigger'::regtype then 'medium' else 'high' end,
                                     'routine', o.routine) as data
  from open o
 where not exists (
   select from pg_catalog.jsonb_array_elements($1) as g(entry)
    where g.entry ->> 'kind' = 'routine'
      and g.entry -> 'schemas' ? o.nspname::text
      and o.proname ~ (g.entry ->> 'name')
      and coalesce(g.entry ->> 'args' = o.args, true)
      and g.entry -> 'privileges' ? 'EXECUTE'
      and not exists (select from pg_catalog.jsonb_array_elements(g.entry -> 'except') as e(entry)
                       where e.entry -> 'schemas' ? o.nspname::text and o.proname ~ (e.entry ->> 'name')))
 order by o.routine;
