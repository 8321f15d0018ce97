--! title: Every role that may log in has a way to prove who it is, and its time has not run out
--! severity: medium
--! group: authentication
--! scope: cluster
--! needs: select pg_catalog.pg_authid, select pg_catalog.pg_auth_members, select pg_catalog.pg_hba_file_rules,
--!   execute pg_catalog.pg_hba_file_rules()
--! params: now
--! why: A role without a password, and with no line in pg_hba.conf that asks it for another proof, can log in only where nothing is asked,
--!   or is forgotten. One whose password has run out is forgotten as well: the other methods do not look at that date, and let it in.
--! fix: alter role {role} nologin; -- or, where it is needed, set a password with \password of psql
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
)
select a.rolname::text as object,
       case
         when a.rolpassword is null then
           pg_catalog.format('role %I may log in, and has neither a password nor a line in pg_hba.conf that asks for another proof', a.rolname)
         else
           pg_catalog.format('the password of role %I has run out on %s, and it may still log in', a.rolname,
                             pg_catalog.to_char(pg_catalog.timezone('UTC', a.rolvaliduntil), 'YYYY-MM-DD'))
       end as detail,
       pg_catalog.jsonb_build_object(
         'role', a.rolname,
         'severity', case when a.rolpassword is null then 'medium' else 'low' end) as data
  from pg_catalog.pg_authid a
 where a.rolcanlogin
   and (case when a.rolpassword is null then not exists (select from proven p where p.role = a.oid) else a.rolvaliduntil < $1 end)
 order by a.rolname;
