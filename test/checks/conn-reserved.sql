--! case: nothing is kept
--! server: odd
--! expect: superuser_reserved_connections
--! fix: alter system set superuser_reserved_connections = 3; -- then restart the server

--! case: nearly all are taken
set local allow_system_table_mods = on;
alter view pg_catalog.pg_stat_activity rename to real_activity;
create view pg_catalog.pg_stat_activity as
select 'client backend' as backend_type
  from pg_catalog.generate_series(1, pg_catalog.current_setting('max_connections')::int4 * 4 / 5);
--! expect: max_connections
--! says:  connections are taken
--! fix: put a pooler (PgBouncer) between, or smaller pools into the applications; max_connections can be raised with a restart

--! case: room for more
--! expect: none

--! case: a plain role does not see what other sessions are
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_stats to "verify_plain";
