--! case: syslog with gaps
--! server: odd
--! expect: syslog_sequence_numbers, syslog_split_messages
--! says: syslog_sequence_numbers is off: syslog drops lines that look like the one before
--! severity: medium
--! fix: alter system set syslog_sequence_numbers = on; select pg_reload_conf();

--! case: as PostgreSQL comes, nobody knows who keeps it
--! server: guarded
--! expect: logging_collector
--! says: whether anything keeps it cannot be seen from here
--! severity: low

--! case: the collector is on
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
