--! case: members of roles that write files, run programs and write all tables
--! server: guarded
create role staff nologin;
grant staff to archiver;
grant pg_write_server_files to staff;
grant pg_execute_server_program to writer;
grant pg_write_all_data to writer;
grant pg_maintain to keeper;
--! expect: archiver in pg_write_server_files, keeper in pg_maintain, writer in pg_execute_server_program, writer in pg_write_all_data
--! says: archiver is a member of pg_write_server_files through staff and can write the data files of the server
--! fix: revoke pg_write_server_files from staff;
--! severity: critical
--! then: fixed

--! case: members of the owner and of the guards, though they may only grant it
--! server: guarded
grant dbctl_protected to writer;
grant dbctl_guard to keeper with admin true, inherit false, set false;
--! expect: writer in dbctl_protected, keeper in dbctl_guard
--! says: keeper is a member of dbctl_guard and can replace what guards run, and permit itself anything
--! fix: revoke dbctl_guard from keeper;
--! then: fixed

--! case: the owner logs in
--! server: guarded
alter role dbctl_protected login;
--! expect: dbctl_protected
--! says: dbctl_protected may log in, so whoever does can do what the owner of the append-only tables may
--! fix: alter role dbctl_protected nologin nosuperuser;
--! then: fixed

--! case: one role more careful than the other
--! server: guarded
grant pg_maintain to keeper;
--! expect: keeper in pg_maintain
--! severity: low

--! case: members who cannot log in, and superusers
--! server: guarded
create role staff nologin in role pg_write_all_data;
create role chief login superuser in role pg_write_all_data, dbctl_protected;
grant pg_read_all_data to writer;
--! expect: none

--! case: the role may not see the members
--! server: guarded
--! as: plain
revoke select on pg_catalog.pg_auth_members from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_auth_members to "verify_plain";
