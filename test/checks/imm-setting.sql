--! case: parameters granted
--! server: guarded
grant set on parameter session_replication_role to writer, "keeper";
grant set, alter system on parameter event_triggers to archiver;
grant set on parameter ignore_checksum_failure to public;
--! expect: parameter session_replication_role: writer, parameter session_replication_role: keeper, parameter event_triggers: archiver,
--!   parameter ignore_checksum_failure: public
--! says: archiver may ALTER SYSTEM and SET the parameter event_triggers: the guards of 3 append-only tables rely on it
--! fix: revoke alter system, set on parameter event_triggers from archiver;
--! severity: high
--! then: fixed

--! case: set for a role, for the database, for a role in it and for everybody
--! server: guarded
alter role writer set session_replication_role = replica;
alter database checks set event_triggers = 'f';
alter role keeper in database checks set zero_damaged_pages = 1;
alter role all set ignore_checksum_failure = yes;
--! expect: role writer: session_replication_role, database checks: event_triggers, role keeper in database checks: zero_damaged_pages,
--!   role all: ignore_checksum_failure
--! says: database checks has event_triggers = f
--! fix: alter database checks reset event_triggers;
--! then: fixed

--! case: values that switch nothing off, other settings, another database, superusers
--! server: guarded
alter role writer set session_replication_role = local;
alter database checks set event_triggers = 'true';
alter database postgres set event_triggers = off;
alter role keeper set work_mem = '8MB';
create role chief login superuser;
grant set on parameter session_replication_role to chief;
grant set on parameter log_min_messages to writer;
--! expect: none

--! case: the role may not see who may set what
--! server: guarded
--! as: plain
revoke select on pg_catalog.pg_parameter_acl from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_parameter_acl to "verify_plain";
