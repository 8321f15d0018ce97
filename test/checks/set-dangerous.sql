--! case: left on after a rescue
--! server: odd
--! expect: lo_compat_privileges, zero_damaged_pages
--! says: lo_compat_privileges is on for the whole server: every role may read, change and remove every large object
--! severity: high
--! fix: alter system set lo_compat_privileges = off; select pg_reload_conf();

--! case: for a role, for a database, for a role in it
create role "Shop App" login;
alter role "Shop App" set zero_damaged_pages = 'yes';
alter database checks set ignore_checksum_failure = on;
alter role "Shop App" in database checks set allow_system_table_mods = 1;
--! expect: zero_damaged_pages of role "Shop App", ignore_checksum_failure of database checks,
--!   allow_system_table_mods of role "Shop App" in database checks
--! says: role "Shop App" in database checks has allow_system_table_mods on
--! severity: high
--! fix: alter role "Shop App" in database checks reset allow_system_table_mods;
--! then: fixed

--! case: all off, and said so for a role
create role shop login;
alter role shop set work_mem = '8MB';
alter role shop set zero_damaged_pages = 'f';
--! expect: none

--! case: on in this session, and the server's value is not to be seen
set local zero_damaged_pages = on;
--! expect: unknown
--! fix: run dbctl verify in a session that does not set zero_damaged_pages

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";
