--! title: Every role that may log in has a way to prove who it is, its time has not run out, and people's passwords end
--! severity: medium
--! group: authentication
--! scope: cluster
--! needs: select pg_catalog.pg_authid, select pg_catalog.pg_auth_members, select pg_catalog.pg_hba_file_rules,
--!   execute pg_catalog.pg_hba_file_rules()
--! params: now, people, valid_days
--! why: A role without a password, and with no line in pg_hba.conf that asks it for another proof, can log in only where nothing is asked,
--!   or is forgotten. One whose password has run out is forgotten as well: the other methods do not look at that date, and let it in, which
--!   weighs more where it could do much. Passwords of people (verify.people of dbctl.yaml names them, or their groups) are known to more
--!   and more others as years go by, and end (verify.limits.valid_days).
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createrole.html
--!   CIS PostgreSQL 18: 4.4
with recursive provers as (
  select u.word
    from pg_catalog.pg_hba_file_rules h
   cross join lateral pg_catalog.unnest(h.user_name) as u(word)
   where h.auth_method not in ('trust', 'reject', 'password', 'md5', 'scram-sha-256')
), memberships(role, name, granted) as (
  select a.oid, a.rolname, a.oid from pg_catalog.pg_authid a where a.rolcanlogin and a.rolpassword is null
  union
  select m.role, m.name, b.roleid
    from memberships m
    join pg_catalog.pg_auth_members b on b.member = m.granted
), proven as (
  -- A line that asks for a certificate, a ticket, the account of the machine or another server.
  select distinct m.role
    from memberships m
    join pg_catalog.pg_authid g on g.oid = m.granted
    join provers p
      on case
           when p.word = 'all' then true
           when p.word like '+%' then pg_catalog.substr(p.word, 2) = g.rolname::text
           when p.word like '/%' then m.name::text ~ pg_catalog.substr(p.word, 2)
           else p.word = m.name::text
         end
), persons(role) as (
  select a.oid from pg_catalog.pg_authid a where a.rolname::text = any ($2)
  union
  select b.member
    from persons p
    join pg_catalog.pg_auth_members b on b.roleid = p.role
), expired(role, granted) as (
  select a.oid, a.oid from pg_catalog.pg_authid a where a.rolcanlogin and a.rolpassword is not null and a.rolvaliduntil < $1
  union
  select e.role, b.roleid
    from expired e
    join pg_catalog.pg_auth_members b on b.member = e.granted
), powers as (
  -- What it could do much with: it, or a role it is a member of.
  select e.role,
         pg_catalog.string_agg(w.word, ', ' order by w.word) as list
    from expired e
    join pg_catalog.pg_authid g on g.oid = e.granted
   cross join lateral (
     select case when g.oid = e.role then 'is a superuser' else pg_catalog.format('is in %I, a superuser', g.rolname) end as word
      where g.rolsuper
     union all
     select pg_catalog.format('is in %I', g.rolname)
      where g.oid < 16384 and g.rolname like 'pg\_%'
     union all
     select case when g.oid = e.role then 'has ' || v.word else pg_catalog.format('is in %I, which has %s', g.rolname, v.word) end
       from (values ('CREATEROLE', g.rolcreaterole), ('REPLICATION', g.rolreplication), ('BYPASSRLS', g.rolbypassrls)) as v(word, has)
      where v.has and not g.rolsuper) as w
   group by e.role
), found as (
  select a.rolname::text as role,
         pg_catalog.format('role %I may log in, and has neither a password nor a line in pg_hba.conf that asks for another proof',
                           a.rolname) as detail,
         'medium' as severity,
         pg_catalog.format('alter role %I nologin; -- or, where it is needed, set a password with \password of psql', a.rolname) as statement
    from pg_catalog.pg_authid a
   where a.rolcanlogin and a.rolpassword is null and not exists (select from proven p where p.role = a.oid)
  union all
  select a.rolname::text,
         pg_catalog.format('the password of role %I has run out on %s, and it may still log in%s', a.rolname,
                           pg_catalog.to_char(pg_catalog.timezone('UTC', a.rolvaliduntil), 'YYYY-MM-DD'),
                           ': it ' || w.list),
         case when w.list is null then 'low' else 'medium' end,
         pg_catalog.format('alter role %I nologin; -- or, where it is needed, set a password with \password of psql', a.rolname)
    from pg_catalog.pg_authid a
    left join powers w on w.role = a.oid
   where a.rolcanlogin and a.rolpassword is not null and a.rolvaliduntil < $1
  union all
  select a.rolname::text,
         case
           when pg_catalog.isfinite(a.rolvaliduntil) then
             pg_catalog.format('the password of %I, a person, is good until %s, for more than %s days', a.rolname,
                               pg_catalog.to_char(pg_catalog.timezone('UTC', a.rolvaliduntil), 'YYYY-MM-DD'), $3)
           else pg_catalog.format('the password of %I, a person, has no end', a.rolname)
         end,
         'medium',
         pg_catalog.format('alter role %I valid until %L; -- or valid_until in roles.yaml; and tell them', a.rolname,
                           pg_catalog.to_char(pg_catalog.timezone('UTC', $1 + pg_catalog.make_interval(days => $3)), 'YYYY-MM-DD'))
    from pg_catalog.pg_authid a
   where a.rolcanlogin and a.rolpassword is not null
     and (a.rolvaliduntil is null or a.rolvaliduntil > $1 + pg_catalog.make_interval(days => $3))
     and a.oid in (select p.role from persons p)
)
select f.role as object,
       f.detail,
       pg_catalog.jsonb_build_object('role', f.role, 'severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.role;
