--! title: Only listed roles make roles and databases, pass policies, or copy the cluster
--! severity: high
--! group: privileges
--! scope: cluster
--! since: 16
--! needs: select pg_catalog.pg_roles, select pg_catalog.pg_auth_members
--! params: allowed_attributes, vendors
--! why: BYPASSRLS sees all rows whatever policies say, REPLICATION copies all databases, CREATEROLE makes logins that can do the same as it,
--!   and CREATEDB fills the disk. Attributes are not inherited, yet whoever may SET ROLE to a role has them.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/role-attributes.html
--!   CIS PostgreSQL 18: 4.3
with recursive vendor as (
  select pg_catalog.jsonb_array_elements_text(v.entry -> 'roles') as name
    from pg_catalog.jsonb_array_elements($2) as v(entry)
   where pg_catalog.current_setting(v.entry ->> 'setting', true) is not null
      or exists (select from pg_catalog.pg_roles b where b.oid = 10 and v.entry -> 'superusers' ? b.rolname::text)
), held as (
  select r.oid as role, r.rolname, a.attribute, $1 -> a.attribute ? r.rolname::text as is_allowed
    from pg_catalog.pg_roles r
   cross join lateral (values ('createrole', r.rolcreaterole), ('createdb', r.rolcreatedb), ('bypassrls', r.rolbypassrls),
                              ('replication', r.rolreplication)) as a(attribute, has)
   where a.has and not r.rolsuper and r.rolname::text not in (select v.name from vendor v)
), step as (
  -- From the roles that may have them back to who can become one. be: as SET ROLE makes it, or by a grant to oneself; else by inheriting.
  select h.role as target, null::oid as by, h.role, true as be from held h where h.is_allowed
  union
  select s.target, coalesce(s.by, e.role), e.role, e.be
    from step s
   cross join lateral (
     select m.member, true from pg_catalog.pg_auth_members m where s.be and m.roleid = s.role and m.set_option
     union all
     -- A superuser alone grants membership in one.
     select m.member, false
       from pg_catalog.pg_auth_members m
       join pg_catalog.pg_roles g on g.oid = m.roleid and not g.rolsuper
      where s.be and m.roleid = s.role and m.admin_option
     union all
     select m.member, false from pg_catalog.pg_auth_members m where not s.be and m.roleid = s.role and m.inherit_option
     union all
     select s.role, true where not s.be
   ) as e(role, be)
), found as (
  select h.rolname::text as object,
         pg_catalog.format('role %I has %s, and nothing lists it for that', h.rolname,
                           pg_catalog.string_agg(pg_catalog.upper(h.attribute), ' and ' order by h.attribute)) as detail,
         case when pg_catalog.bool_and(h.attribute = 'createdb') then 'medium' else 'high' end as severity,
         pg_catalog.format('alter role %I %s;', h.rolname,
                           pg_catalog.string_agg('no' || h.attribute, ' ' order by h.attribute)) as statement
    from held h
   where not h.is_allowed
   group by h.rolname
  union all
  select pg_catalog.format('%s as %s', r.rolname, h.rolname),
         pg_catalog.format('role %I can become %I%s and then has %s', r.rolname, h.rolname,
                           case when pg_catalog.bool_and(s.by <> r.oid) then ' through ' || pg_catalog.min(pg_catalog.quote_ident(b.rolname)) end,
                           pg_catalog.string_agg(distinct pg_catalog.upper(h.attribute), ' and ')),
         case when pg_catalog.bool_and(h.attribute = 'createdb') then 'medium' else 'high' end,
         pg_catalog.string_agg(distinct pg_catalog.format('revoke %I from %I granted by %I;', h.rolname, b.rolname, g.rolname), ' ')
    from step s
    join held h on h.role = s.target and h.is_allowed
    join pg_catalog.pg_roles r on r.oid = s.role and r.rolcanlogin and not r.rolsuper
    join pg_catalog.pg_roles b on b.oid = s.by
    join pg_catalog.pg_auth_members m on m.roleid = s.target and m.member = s.by
    join pg_catalog.pg_roles g on g.oid = m.grantor
   where s.be
     and s.role <> s.target
     and not $1 -> h.attribute ? r.rolname::text
     and r.rolname::text not in (select v.name from vendor v)
   group by r.rolname, h.rolname
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
