--! title: Nobody who logs in can become a role that stands above the guards
--! severity: critical
--! group: immutability
--! scope: cluster
--! needs: select pg_catalog.pg_roles, select pg_catalog.pg_auth_members
--! params: protected_owner
--! why: Members of pg_write_server_files and pg_execute_server_program can write the data files themselves, which is a superuser's power without
--!   the name. Those of pg_write_all_data insert with ids and times of their choosing, whatever columns are granted; those of pg_maintain lock
--!   tables for as long as they like; those of the tables' owner and of dbctl_guard are their owner. Any membership counts: with ADMIN alone a
--!   member grants itself the rest.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/predefined-roles.html
--!   https://www.postgresql.org/docs/current/role-membership.html
with recursive above as (
  select r.oid as role, r.rolname, r.rolcanlogin, r.rolsuper, p.rank, p.power
    from (values (1, 'pg_write_server_files', 'write the data files of the server'),
                 (1, 'pg_execute_server_program', 'run programs as the account of the server'),
                 (1, 'dbctl_guard', 'replace what guards run, and permit itself anything'),
                 (1, $1, 'do what the owner of the append-only tables may'),
                 (2, 'pg_write_all_data', 'insert into every table with ids and times of its choosing'),
                 (4, 'pg_maintain', 'lock every table')) as p(rank, name, power)
    join pg_catalog.pg_roles r on r.rolname = p.name
), member as (
  -- by: the direct member through whom the others come, and from whom it is revoked.
  select a.role, m.member, m.member as by from above a join pg_catalog.pg_auth_members m on m.roleid = a.role
  union
  select c.role, m.member, c.by from member c join pg_catalog.pg_auth_members m on m.roleid = c.member
), found as (
  select a.rolname as role, r.rolname as name, a.rank,
         pg_catalog.format('%I is a member of %I%s and can %s', r.rolname, a.rolname,
                           case when pg_catalog.bool_or(m.by = m.member) then ''
                                else ' through ' || pg_catalog.string_agg(pg_catalog.quote_ident(b.rolname), ', ' order by b.rolname) end,
                           a.power) as detail,
         pg_catalog.string_agg(pg_catalog.format('revoke %I from %I;', a.rolname, b.rolname), ' ' order by b.rolname) as statement
    from member m
    join above a on a.role = m.role
    join pg_catalog.pg_roles r on r.oid = m.member and r.rolcanlogin and not r.rolsuper
    join pg_catalog.pg_roles b on b.oid = m.by
   group by a.rolname, r.rolname, a.rank, a.power
  union all
  select a.rolname, a.rolname, a.rank,
         pg_catalog.format('%I may %s, so whoever does can %s', a.rolname,
                           case when a.rolsuper then 'do everything (superuser)' else 'log in' end, a.power),
         pg_catalog.format('alter role %I nologin nosuperuser;', a.rolname)
    from above a
   where a.rolcanlogin or (a.rolsuper and a.rolname <> 'pg_maintain')
)
select case when f.role = f.name then f.name::text else pg_catalog.format('%s in %s', f.name, f.role) end as object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', (pg_catalog.string_to_array('critical,high,medium,low', ','))[f.rank],
                                     'statement', f.statement) as data
  from found f
 order by 1;
