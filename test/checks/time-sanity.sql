--! case: the server reads dates and zones in other ways
--! server: odd
--! expect: DateStyle, timezone_abbreviations
--! says: DateStyle is German, DMY instead of ISO, MDY
--! fix: alter system set datestyle = 'ISO, MDY'; select pg_reload_conf();

--! case: a role and a database with a DateStyle of their own
create role shop login;
alter role shop set datestyle = 'SQL, DMY';
alter database checks set timezone_abbreviations = 'Australia';
--! expect: DateStyle of role shop, timezone_abbreviations of database checks
--! says: role shop has DateStyle SQL, DMY of its own
--! fix: alter role shop reset datestyle;
--! then: fixed

--! case: as PostgreSQL comes
--! expect: none

--! case: ISO in another order of day and month for reading
create role shop login;
alter role shop set datestyle = 'ISO, DMY';
--! expect: none

--! case: the session has a DateStyle of its own, and the server's is not to be seen
set local datestyle = 'ISO, YMD';
--! expect: unknown
--! fix: run dbctl verify in a session that does not set DateStyle

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";
