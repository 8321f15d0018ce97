--! case: a server that waits for nothing
--! server: odd
--! expect: fsync, full_page_writes
--! says: fsync is off: a crash of the machine can leave a database that nothing but a backup repairs
--! fix: alter system set fsync = on; select pg_reload_conf();

--! case: as PostgreSQL comes
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
