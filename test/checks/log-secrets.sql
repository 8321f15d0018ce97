--! case: slow statements whole, failed ones in part
--! server: odd
--! expect: log_parameter_max_length, log_parameter_max_length_on_error
--! says: a slow or chosen statement is logged with the whole of every value bound to it (log_min_duration_statement = 250ms, log_parameter_max_length = -1)
--! fix: alter system set "log_parameter_max_length" = 0; select pg_reload_conf();

--! case: as PostgreSQL comes: whole values, of no statement
--! server: guarded
--! expect: none

--! case: slow statements without their values
--! expect: none

--! case: the session logs in its own way, and the server's is not to be seen
set local log_parameter_max_length = 0;
--! expect: unknown
--! fix: run dbctl verify in a session that does not set log_parameter_max_length

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
