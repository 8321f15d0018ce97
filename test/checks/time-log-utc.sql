--! case: the log is written in New York's time
--! server: odd
--! expect: log_timezone
--! says: the server log is written in time zone America/New_York instead of UTC
--! fix: alter system set log_timezone = 'UTC'; select pg_reload_conf();

--! case: the log is written in UTC
--! expect: none

--! case: a session in another zone does not matter
set local timezone = 'Asia/Tokyo';
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
