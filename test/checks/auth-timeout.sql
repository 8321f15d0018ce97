--! case: five minutes
--! server: odd
--! expect: authentication_timeout
--! says: authentication_timeout is 300 s
--! fix: alter system reset authentication_timeout; select pg_reload_conf(); -- 60 s, if no file of the server has it

--! case: as PostgreSQL comes: a minute
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
