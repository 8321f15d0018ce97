--! title: Only listed logins are superusers or can become one
--! severity: high
--! group: privileges
--! scope: cluster
--! since: 16
--! needs: select pg_catalog.pg_roles, select pg_catalog.pg_auth_members
--! params: allowed_superusers, vendors
--! why: No grant, no policy and no trigger holds a superuser: he reads and writes every row and every file the server can reach, and runs
--!   programs as its account. An application that logs in as one makes each of its mistakes a mistake with all of that. A login that can
--!   SET ROLE to one, or can grant itself a role that can, is one that only has to ask.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/role-attributes.html
--!   https://www.postgresql.org/docs/current/role-membership.html
--!   CIS PostgreSQL 18: 4.3
with recursive vendor as (
  select pg_catalog.jsonb_array_elements_text(v.entry -> 'roles') as name
    from pg_catalog.jsonb_array_elements($2) as v(entry)
   where pg_catalog.current_setting(v.entry ->> 'setting', true) is not null
      or exists (select from pg_catalog.pg_roles b where b.oid = 10 and v.entry -> 'superusers' ? b.rolname::text)
), step as (
  -- From each superuser back to who comes there. be: as SET ROLE makes it, or by a grant to oneself; else: by inheriting its rights.
  select r.oid as target, null::oid as by, r.oid as role, true as be from pg_catalog.pg_roles r where r.rolsuper
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
  select r.rolname as object,
         pg_catalog.format('role %I logs in as a superuser: nothing it does is refused', r.rolname) as detail,
         pg_catalog.format('alter role %I nosuperuser;', r.rolname) as statement
    from pg_catalog.pg_roles r
   where r.rolsuper and r.rolcanlogin and r.oid <> 10
  union all
  select r.rolname,
         pg_catalog.format('role %I can become the superuser %s', r.rolname,
                           pg_catalog.string_agg(distinct pg_catalog.concat(pg_catalog.quote_ident(t.rolname),
                             case when s.by <> r.oid then ' through ' || pg_catalog.quote_ident(b.rolname) end), ', ')),
         pg_catalog.string_agg(distinct pg_catalog.format('revoke %I from %I granted by %I;', t.rolname, b.rolname, g.rolname), ' ')
    from step s
    join pg_catalog.pg_roles r on r.oid = s.role and r.rolcanlogin and not r.rolsuper
    join pg_catalog.pg_roles t on t.oid = s.target
    join pg_catalog.pg_roles b on b.oid = s.by
    join pg_catalog.pg_auth_members m on m.roleid = s.target and m.member = s.by
    join pg_catalog.pg_roles g on g.oid = m.grantor
   where s.be
   group by r.rolname
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 where f.object <> all ($1)
   and f.object not in (select v.name from vendor v)
 order by f.object;
