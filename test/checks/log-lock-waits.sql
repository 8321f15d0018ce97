--! case: as PostgreSQL 18 comes
--! server: guarded
--! expect: log_lock_waits
--! says: log_lock_waits is off: who waited for whose lock is not in the log
--! fix: alter system set log_lock_waits = 'on'; select pg_reload_conf();

--! case: checkpoints unseen, and only vacuums of more than half an hour
--! server: odd
--! expect: log_autovacuum_min_duration, log_checkpoints, log_lock_waits
--! says: log_autovacuum_min_duration is 1800000ms: vacuums that take long are not in the log

--! case: all of them
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
