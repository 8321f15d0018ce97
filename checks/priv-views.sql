--! title: No view shows rows past the policies of its tables
--! severity: medium
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_roles, select pg_catalog.pg_rewrite,
--!   select pg_catalog.pg_depend
--! why: A view reads its tables as its owner, and policies do not hold for superusers, for BYPASSRLS, and for the owner of a table where they are
--!   not forced: whoever may read such a view sees all rows. A materialized view keeps them as its owner saw them.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/rules-privileges.html
--!   https://www.postgresql.org/docs/current/ddl-rowsecurity.html
--!   CIS PostgreSQL 18: 4.7
with recursive base as (
  select distinct w.ev_class as view, d.refobjid as relation
    from pg_catalog.pg_rewrite w
    join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
   where d.refobjid <> w.ev_class
), view as (
  select c.oid, c.relkind, c.relowner, pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
         coalesce((select pg_catalog.lower(pg_catalog.split_part(o.entry, '=', 2)) in ('true', 'on', 'yes', '1')
                     from pg_catalog.unnest(c.reloptions) as o(entry)
                    where pg_catalog.split_part(o.entry, '=', 1) = 'security_invoker'), false) as is_invoker,
         exists (select from pg_catalog.aclexplode(c.relacl) as a where a.grantee <> c.relowner) as is_granted
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('v', 'm') and c.oid >= 16384
), read as (
  -- What a view reads as its owner; a view with security_invoker that it reads hands that on.
  select v.oid as view, v.relowner, b.relation from view v join base b on b.view = v.oid where not v.is_invoker
  union
  select r.view, r.relowner, b.relation from read r join view i on i.oid = r.relation and i.is_invoker join base b on b.view = i.oid
), judged as materialized (
  -- Kept together: the planner would pair every role with every table, and every view with every view of its owner.
  select r.view, o.rolname as owner, pg_catalog.format('%I.%I', n.nspname, t.relname) as name,
         o.rolsuper or o.rolbypassrls
         or not t.relforcerowsecurity and pg_catalog.pg_has_role(o.oid, t.relowner, 'usage') as is_passed
    from read r
    join pg_catalog.pg_class t on t.oid = r.relation and t.relrowsecurity
    join pg_catalog.pg_namespace n on n.oid = t.relnamespace
    join pg_catalog.pg_roles o on o.oid = r.relowner
), passed as (
  select v.name, v.relkind, v.is_granted, j.owner, j.tables
    from (select j.view, j.owner, pg_catalog.string_agg(j.name, ', ' order by j.name) as tables
            from judged j
           where j.is_passed
           group by j.view, j.owner) as j
    join view v on v.oid = j.view
)
select p.name as object,
       pg_catalog.format(case p.relkind when 'm' then '%s keeps rows of %s as %I saw them, for whom the policies do not hold'
                                        else '%s reads %s as %I, for whom the policies do not hold' end, p.name, p.tables, p.owner) as detail,
       pg_catalog.jsonb_build_object(
         -- Where nobody but its owner reads it, it shows nothing yet.
         'severity', case when p.is_granted then 'medium' else 'low' end,
         'statement',
         case p.relkind
           when 'm' then pg_catalog.format('drop materialized view %s; -- or keep it in a schema that nobody is let into', p.name)
           else pg_catalog.format('alter view %s set (security_invoker = true);', p.name) end) as data
  from passed p
 order by p.name;
