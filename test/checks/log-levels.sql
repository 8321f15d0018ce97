--! case: too high for the server
--! server: odd
--! expect: log_min_error_statement, log_min_messages
--! says: log_min_error_statement is fatal: errors are in the log without the statement that made them
--! fix: alter system set log_min_error_statement = error; select pg_reload_conf();

--! case: too high for a role and a database
create role "Shop App" login;
alter role "Shop App" set log_min_messages = 'PANIC';
alter database checks set log_min_error_statement = log;
--! expect: log_min_messages of role "Shop App", log_min_error_statement of database checks
--! says: database checks has log_min_error_statement log of its own: of its sessions, errors are in the log without
--! then: fixed

--! case: as PostgreSQL comes, and more for a role
create role shop login;
alter role shop set log_min_messages = debug1;
alter role shop set log_min_error_statement = info;
--! expect: none

--! case: the session has a level of its own, and the server's is not to be seen
set local log_min_messages = panic;
--! expect: unknown
--! fix: run dbctl verify in a session that does not set log_min_messages

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";
