--! case: as PostgreSQL comes
--! server: guarded
--! expect: log_disconnections
--! says: the log does not say how long a session lasted
--! fix: alter system set log_disconnections = on; select pg_reload_conf(); -- for sessions from then on

--! case: on
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
