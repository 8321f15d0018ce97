--! case: as PostgreSQL 18 comes: an empty list
--! server: guarded
--! expect: log_connections
--! says: log_connections is empty: the log does not say who connected
--! fix: alter system set log_connections = receipt, authentication, authorization; select pg_reload_conf(); -- for sessions from then on

--! case: only some of it, and what is there stays
--! server: odd
--! expect: log_connections
--! says: log_connections is Authentication, setup_durations and leaves out receipt and authorization
--! fix: alter system set log_connections = receipt, authentication, authorization, setup_durations; select pg_reload_conf(); -- for sessions from then on

--! case: off before 18
--! server: guarded
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version_num' then '170011' else pg_catalog.the_real_current_setting($1) end
$$;
--! expect: log_connections
--! says: log_connections is off
--! fix: alter system set log_connections = on; select pg_reload_conf(); -- for sessions from then on

--! case: the old word, which means all three
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
