--! case: a login that is one, and logins that can become one in each way there is
create role "Shop ""Boss""" login superuser;
create role wheel superuser;
create role direct login;
grant wheel to direct with inherit false, set true;
create role crew;
grant wheel to crew with inherit false, set true;
create role keeper login;
grant crew to keeper with inherit false, set false, admin true;
create role officers;
grant crew to officers with inherit false, set false, admin true;
create role sailor login;
grant officers to sailor with inherit true, set false;
create role guest login;
grant postgres to guest;
--! expect: Shop "Boss", direct, guest, keeper, sailor
--! says: role "Shop ""Boss""" logs in as a superuser: nothing it does is refused
--! fix: alter role "Shop ""Boss""" nosuperuser;
--! then: fixed

--! case: who inherits it, is a member without any right, is listed, and nobody logs in as
--! policy: {"superusers": ["boss", "oncall"]}
create role boss login superuser;
create role wheel superuser;
create role oncall login;
grant wheel to oncall;
-- Attributes are not inherited.
create role heir login;
grant wheel to heir with inherit true, set false;
create role name_only login;
grant wheel to name_only with inherit false, set false;
-- Only a superuser makes members of a superuser.
create role clerk login;
grant wheel to clerk with inherit false, set false, admin true;
-- An inherited right to set is none of one's own.
create role crew;
grant wheel to crew with inherit false, set true;
create role sailor login;
grant crew to sailor with inherit true, set false;
--! expect: none

--! case: through a group, both by name
create role wheel superuser;
create role crew;
grant wheel to crew;
create role sailor login;
grant crew to sailor;
--! expect: sailor
--! says: role sailor can become the superuser wheel through crew
--! fix: revoke wheel from crew granted by postgres;

--! case: a vendor's own, on that vendor's server
--! policy: {"vendors": [{"superusers": ["postgres"], "setting": "x.y", "roles": ["hostadmin"]}]}
create role hostadmin login superuser;
--! expect: none

--! case: a role with a vendor's name on a server of one's own
create role rdsadmin login superuser;
--! expect: rdsadmin

--! case: the role may not see the memberships
--! as: plain
revoke select on pg_catalog.pg_auth_members from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_auth_members to "verify_plain";
