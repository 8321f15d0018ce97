--! case: as PostgreSQL comes
--! server: guarded
--! expect: log_statement
--! says: log_statement is none
--! fix: alter system set log_statement = ddl; select pg_reload_conf();

--! case: taken off for a role and a database
create role "Shop App" login;
create role staff nologin;
alter role "Shop App" set log_statement = 'None';
alter role staff set log_statement = none;
alter database checks set log_statement = none;
--! expect: role "Shop App", database checks
--! says: database checks has log_statement none of its own
--! fix: alter database checks reset log_statement;
--! then: fixed

--! case: what looks like pgaudit and is only a name somebody set
--! server: guarded
set local pgaudit.log = 'ddl';
--! expect: log_statement

--! case: ddl, and more for a role
create role shop login;
alter role shop set log_statement = mod;
--! expect: none

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";
