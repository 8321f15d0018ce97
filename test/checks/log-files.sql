--! case: for all to read, and without an end
--! server: odd
--! expect: log_file_mode, log_rotation
--! says: log files have mode 0644: all users of the machine read what people asked the database
--! fix: alter system set log_file_mode = '0600'; select pg_reload_conf(); -- files that are there keep their mode: chmod 600

--! case: the server's alone, and a new one each day
--! expect: none

--! case: no collector, no files
--! server: guarded
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
