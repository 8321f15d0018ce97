--! case: logins without a limit
create role "Shop App" login;
create role jobs login connection limit -1;
--! expect: Shop App, jobs
--! says: role "Shop App" may take every connection of the server: it has no limit
--! fix: alter role "Shop App" connection limit 20; -- as many as its pools hold together, and below max_connections for all logins
--! then: fixed

--! case: limits, groups, superusers, the vendor's
--! policy: {"vendors": [{"superusers": ["postgres"], "setting": "x.y", "roles": ["host_admin"]}]}
create role web login connection limit 5;
create role shut login connection limit 0;
create role crew;
create role boss login superuser;
create role host_admin login;
--! expect: none

--! case: the role may not see the roles
--! as: plain
revoke select on pg_catalog.pg_roles from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_roles to "verify_plain";
