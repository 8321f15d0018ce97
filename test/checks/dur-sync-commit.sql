--! case: off for the whole server
--! server: odd
--! expect: synchronous_commit
--! says: the server answers a commit before it is on disk
--! fix: alter system set synchronous_commit = on; select pg_reload_conf();

--! case: off for a role, a role in a database, a database and everybody, however it is spelled
create role "Shop App" login;
create role reporting login;
alter role "Shop App" set synchronous_commit = off;
alter role reporting in database checks set synchronous_commit = 'False';
alter database checks set synchronous_commit = 0;
alter role all set synchronous_commit = no;
--! expect: role "Shop App", role reporting in database checks, database checks, role all
--! says: database checks has synchronous_commit off of its own
--! fix: alter database checks reset synchronous_commit;
--! then: fixed

--! case: on, and roles that wait for less or more of the standbys
create role shop login;
create role audit login;
create role staff nologin;
alter role shop set synchronous_commit = local;
alter role audit set synchronous_commit = remote_apply;
alter role staff set synchronous_commit = off;
--! expect: none

--! case: the session has a value of its own, and the server's is not to be seen
set local synchronous_commit = off;
--! expect: unknown
--! fix: run dbctl verify in a session that does not set synchronous_commit

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";

--! case: what another entry wins over in every session
create role shop login;
create role staff nologin;
alter role shop set synchronous_commit = on;
alter role shop in database postgres set synchronous_commit = off;
alter role shop in database template1 set synchronous_commit = local;
alter role staff set synchronous_commit = off;
--! expect: role shop in database postgres
--! then: fixed

--! case: a database whose logins all have their own
create role shop login;
alter role shop set synchronous_commit = on;
alter role postgres set synchronous_commit = on;
alter database checks set synchronous_commit = off;
--! expect: none
