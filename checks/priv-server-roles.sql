--! title: Only listed logins reach the files and programs of the server
--! severity: critical
--! group: privileges
--! scope: cluster
--! since: 16
--! needs: select pg_catalog.pg_roles, select pg_catalog.pg_auth_members
--! params: server_access, vendors
--! why: A member of pg_execute_server_program runs programs as the account of the server, and from there is superuser by its socket. Those
--!   of pg_write_server_files write its data files and pg_hba.conf, those of pg_read_server_files read keys and passwords from them. Rights
--!   come by inheriting, by SET ROLE, or by ADMIN, with which a member grants itself the rest.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/predefined-roles.html
--!   https://www.postgresql.org/docs/current/role-membership.html
--!   CIS PostgreSQL 18: 4.9
with recursive vendor as (
  select pg_catalog.jsonb_array_elements_text(v.entry -> 'roles') as name
    from pg_catalog.jsonb_array_elements($2) as v(entry)
   where pg_catalog.current_setting(v.entry ->> 'setting', true) is not null
      or exists (select from pg_catalog.pg_roles b where b.oid = 10 and v.entry -> 'superusers' ? b.rolname::text)
), step as (
  -- From each of them back to who has its rights. be: as SET ROLE makes it, or by a grant to oneself; else: by inheriting its rights.
  select r.oid as target, null::oid as by, r.oid as role, false as be
    from pg_catalog.pg_roles r
   where r.rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
  union
  select s.target, case when e.role = s.target then null else coalesce(s.by, e.role) end, e.role, e.be
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
)
select pg_catalog.format('%s in %s', r.rolname, t.rolname) as object,
       pg_catalog.format('role %I can %s: it has %I%s', r.rolname,
                         case t.rolname
                           when 'pg_execute_server_program' then 'run programs as the account of the server'
                           when 'pg_read_server_files' then 'read every file the server can'
                           else 'write every file the server can' end,
                         t.rolname,
                         case when pg_catalog.bool_and(s.by <> r.oid)
                              then ' through ' || pg_catalog.string_agg(distinct pg_catalog.quote_ident(b.rolname), ', ') end) as detail,
       pg_catalog.jsonb_build_object('statement',
         pg_catalog.string_agg(distinct pg_catalog.format('revoke %I from %I granted by %I;', t.rolname, b.rolname, g.rolname), ' ')) as data
  from step s
  join pg_catalog.pg_roles r on r.oid = s.role and r.rolcanlogin and not r.rolsuper
  join pg_catalog.pg_roles t on t.oid = s.target
  join pg_catalog.pg_roles b on b.oid = s.by
  join pg_catalog.pg_auth_members m on m.roleid = s.target and m.member = s.by
  join pg_catalog.pg_roles g on g.oid = m.grantor
 where s.be
   and not coalesce($1 -> t.rolname::text ? r.rolname::text, false)
   and r.rolname::text not in (select v.name from vendor v)
 group by r.rolname, t.rolname
 order by 1;
