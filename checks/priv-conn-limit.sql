--! title: Every login has a connection limit
--! severity: low
--! group: privileges
--! scope: cluster
--! needs: select pg_catalog.pg_roles
--! params: vendors
--! why: One role without a limit takes all connections of the server, by a leak in its pool or by somebody who guesses its password, and nobody
--!   else gets in. No limit holds a superuser.
--! fix: alter role {role} connection limit 20; -- as many as its pools hold together, and below max_connections for all logins
--! refs: https://www.postgresql.org/docs/current/sql-alterrole.html
--!   CIS PostgreSQL 18: 5.5
with vendor as (
  select pg_catalog.jsonb_array_elements_text(v.entry -> 'roles') as name
    from pg_catalog.jsonb_array_elements($1) as v(entry)
   where pg_catalog.current_setting(v.entry ->> 'setting', true) is not null
      or exists (select from pg_catalog.pg_roles b where b.oid = 10 and v.entry -> 'superusers' ? b.rolname::text)
)
select r.rolname as object,
       pg_catalog.format('role %I may take every connection of the server: it has no limit', r.rolname) as detail,
       pg_catalog.jsonb_build_object('role', r.rolname) as data
  from pg_catalog.pg_roles r
 where r.rolcanlogin
   and not r.rolsuper
   and r.rolconnlimit = -1
   and r.rolname::text not in (select v.name from vendor v)
 order by r.rolname;
