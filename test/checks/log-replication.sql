--! case: as PostgreSQL comes
--! server: guarded
--! expect: log_replication_commands
--! says: a copy of the whole cluster can be taken without a line in the log
--! fix: alter system set log_replication_commands = on; select pg_reload_conf();

--! case: on
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
