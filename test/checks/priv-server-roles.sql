--! case: in each way there is, and to each of the three
create role "Shop App" login;
grant pg_execute_server_program to "Shop App";
create role loader;
grant pg_read_server_files to loader;
create role night login;
grant loader to night with inherit false, set true;
create role keeper login;
grant pg_write_server_files to keeper with inherit false, set false, admin true;
--! expect: Shop App in pg_execute_server_program, keeper in pg_write_server_files, night in pg_read_server_files
--! says: role "Shop App" can run programs as the account of the server: it has pg_execute_server_program
--! fix: revoke pg_execute_server_program from "Shop App" granted by postgres;
--! then: fixed

--! case: a membership that was granted onwards
create role loader;
grant pg_read_server_files to loader;
create role night login;
grant loader to night;
--! expect: night in pg_read_server_files
--! says: it has pg_read_server_files through loader
--! fix: revoke pg_read_server_files from loader granted by postgres;

--! case: listed, superusers, groups nobody is in, members without a right, and rights that do not meet
--! policy: {"serverAccess": {"pg_read_server_files": ["loader"]}}
create role loader login;
grant pg_read_server_files to loader;
create role boss login superuser;
grant pg_execute_server_program to boss;
create role nobody;
grant pg_write_server_files to nobody;
create role name_only login;
grant pg_execute_server_program to name_only with inherit false, set false;
create role crew;
grant pg_execute_server_program to crew with inherit false, set true;
create role sailor login;
grant crew to sailor with inherit true, set false;
--! expect: none

--! case: listed for one of them, and a member of another
--! policy: {"serverAccess": {"pg_read_server_files": ["loader"]}}
create role loader login;
grant pg_read_server_files, pg_write_server_files to loader;
--! expect: loader in pg_write_server_files

--! case: the role may not see the memberships
--! as: plain
revoke select on pg_catalog.pg_auth_members from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_auth_members to "verify_plain";
