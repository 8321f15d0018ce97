--! case: a role, a role in a database, a database and everybody
create role "Shop App" login;
create role reporting login;
alter role "Shop App" set timezone = 'Europe/Berlin';
alter role reporting in database checks set timezone = 'Asia/Tokyo';
alter database checks set timezone = 'Europe/London';
alter role all set timezone = 'America/New_York';
--! expect: role "Shop App", role reporting in database checks, database checks, role all
--! says: database checks has time zone Europe/London of its own
--! then: fixed

--! case: an offset that only looks like UTC in winter
create role shop login;
alter role shop set timezone = 'Europe/London';
--! expect: role shop
--! says: (such as role shop in database checks)
--! fix: alter role shop reset timezone;
--! then: fixed

--! case: another spelling of UTC
create role shop login;
alter role shop set timezone = 'Etc/UTC';
alter database checks set timezone = 'Zulu';
alter role all set timezone = 0;
--! expect: none

--! case: a group role's setting reaches nobody
create role staff nologin;
alter role staff set timezone = 'Europe/Berlin';
--! expect: none

--! case: a wrong setting that a nearer one covers
create role shop login;
alter role shop set timezone = 'Europe/Berlin';
alter role shop in database checks set timezone = 'UTC';
alter role shop in database postgres set timezone = 'UTC';
alter role shop in database template1 set timezone = 'UTC';
--! expect: none

--! case: another setting that only ends alike
create role shop login;
alter role shop set shop.timezone = 'Europe/Berlin';
--! expect: none

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";
