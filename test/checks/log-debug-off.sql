--! case: on for the server
--! server: odd
--! expect: debug_print_rewritten, log_hostname
--! says: every statement is logged once more as rules rewrite it
--! severity: medium
--! fix: alter system set debug_print_rewritten = off; select pg_reload_conf();

--! case: on for a role and a database
create role "Shop App" login;
alter role "Shop App" set debug_print_plan = on;
alter role "Shop App" set work_mem = '8MB';
alter database checks set debug_print_parse = 1;
--! expect: debug_print_plan of role "Shop App", debug_print_parse of database checks
--! says: database checks has debug_print_parse on
--! fix: alter database checks reset debug_print_parse;
--! then: fixed

--! case: as PostgreSQL comes
--! server: guarded
--! expect: none

--! case: on in this session, and the server's value is not to be seen
set local debug_print_plan = on;
--! expect: unknown
--! fix: run dbctl verify in a session that does not set debug_print_plan

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";
