--! case: as PostgreSQL comes
--! server: guarded
--! expect: log_line_prefix
--! says: log_line_prefix is '%m [%p] ': lines of the log do not have the role, the database, the program, the address
--! fix: alter system set log_line_prefix = '%m [%p] %q%u@%d %a %h '; select pg_reload_conf();

--! case: for syslog, with a percent sign before a letter and padding
--! server: odd
--! expect: log_line_prefix
--! says: log_line_prefix is '100%%u %-12d': lines of the log do not have the role, the program, the address

--! case: all of it
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
