--! case: tables were given to people who log in, or whom they may act for
--! server: guarded
create role staff nologin;
create role nightly nologin in role staff;
grant nightly to keeper;
alter role writer rename to "The Writer";
reassign owned by dbctl_protected to staff;
update pg_catalog.pg_class set relowner = '"The Writer"'::regrole where oid = 'audit.log'::regclass;
--! expect: table audit.log, table audit.note, table audit.event
--! says: table audit.event and its 3 partitions belongs to staff, whom keeper may act for: its owner can disable its guards, once the event triggers are off
--! severity: high

--! case: given back to the owner of dbctl.yaml
--! server: guarded
set local event_triggers = off;
alter table audit.log owner to writer;
set local event_triggers = on;
--! expect: table audit.log
--! says: table audit.log belongs to writer, who may log in
--! fix: alter table audit.log owner to dbctl_protected;
--! then: fixed

--! case: a partition of somebody else
--! server: guarded
set local event_triggers = off;
alter table audit.event_2025 owner to writer;
set local event_triggers = on;
--! expect: table audit.event_2025
--! then: fixed

--! case: a table with all of its partitions
--! server: guarded
set local event_triggers = off;
alter table audit.event owner to writer;
alter table audit.event_2025 owner to writer;
alter table audit.event_2026 owner to writer;
alter table audit.event_2026_rest owner to writer;
set local event_triggers = on;
--! expect: table audit.event
--! fix: alter table audit.event owner to dbctl_protected; alter table audit.event_2025 owner to dbctl_protected; alter table audit.event_2026 owner to dbctl_protected; alter table audit.event_2026_rest owner to dbctl_protected;
--! then: fixed

--! case: without event triggers the owner of a table is as good as the guards' own
--! server: guarded
drop event trigger dbctl_3_refuse_ddl;
alter table audit.log owner to writer;
--! expect: table audit.log
--! severity: critical
--! says: its owner can disable its guards

--! case: schemas and the database of people who log in
--! server: guarded
set local event_triggers = off;
alter schema audit owner to writer;
alter schema dbctl owner to keeper;
alter database checks owner to writer;
--! expect: schema audit, schema dbctl, database checks
--! says: database checks belongs to writer, who may log in: its owner can drop it with all that is in it
--! fix: alter database checks owner to dbctl_protected;
--! severity: high
--! then: fixed

--! case: the schema of the application
--! server: guarded
set local event_triggers = off;
alter schema audit owner to writer;
set local event_triggers = on;
--! expect: schema audit
--! fix: alter schema audit owner to dbctl_protected; grant usage, create on schema audit to writer;
--! severity: medium
--! then: fixed

--! case: a table of a superuser
--! server: guarded
set local event_triggers = off;
alter table audit.note owner to postgres;
--! expect: table audit.note
--! says: table audit.note belongs to postgres instead of dbctl_protected: what runs as its owner runs as a superuser
--! severity: low

--! case: schemas and tables of roles nobody can become
--! server: guarded
set local event_triggers = off;
create role hermit nologin;
create role cousin nologin in role hermit;
alter schema audit owner to hermit;
alter table audit.note owner to hermit;
--! expect: none

--! case: the role may not see who is a member of what
--! server: guarded
--! as: plain
revoke select on pg_catalog.pg_auth_members from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_auth_members to "verify_plain";
