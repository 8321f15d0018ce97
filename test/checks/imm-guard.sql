--! case: a guard is disabled, one is enabled for origin, one for the replica role
--! server: guarded
set local event_triggers = off;
alter table audit.log disable trigger dbctl_guard_row;
alter table audit.note enable trigger dbctl_guard_row, enable trigger dbctl_guard_truncate;
alter table audit.event_2025 enable replica trigger dbctl_guard_truncate;
set local event_triggers = on;
--! expect: audit.log, audit.note, audit.event_2025
--! says: audit.event_2025: truncate may pass: trigger dbctl_guard_truncate is not enabled always (tgenabled R)
--! fix: alter table audit.event_2025 enable always trigger dbctl_guard_truncate;
--! severity: critical
--! then: fixed

--! case: what pg_restore --disable-triggers leaves behind
--! server: guarded
set local event_triggers = off;
alter table audit.log enable trigger all;
--! expect: audit.log
--! severity: high
--! says: audit.log: truncate may pass: trigger dbctl_guard_truncate is not enabled always (tgenabled O); update and delete of rows may pass
--! then: fixed

--! case: guards by the right name that run another function, wait for a condition, or watch one column
--! server: guarded
set local event_triggers = off;
create function audit.let_pass() returns trigger language plpgsql as 'begin return new; end';
create or replace trigger dbctl_guard_row before update or delete on audit.log for each row execute function audit.let_pass();
alter table audit.log enable always trigger dbctl_guard_row;
drop trigger dbctl_guard_row on audit.note;
create trigger dbctl_guard_row before update or delete on audit.note for each row when (old.body is null)
  execute function dbctl.refuse_row_change();
alter table audit.note enable always trigger dbctl_guard_row;
drop trigger dbctl_guard_row on audit.event;
create trigger dbctl_guard_row before update of kind on audit.event for each row execute function dbctl.refuse_row_change();
alter table audit.event enable always trigger dbctl_guard_row;
--! expect: audit.log, audit.note, audit.event
--! says: audit.event: update and delete of rows may pass: trigger dbctl_guard_row fires on something else (tgtype 19) and is for some columns only
--! fix: dbctl immutability install --repair
--! severity: critical

--! case: a guard that was renamed is a guard
--! server: guarded
set local event_triggers = off;
alter trigger dbctl_guard_row on audit.log rename to zz_row;
alter trigger dbctl_guard_truncate on audit.event_2025 rename to zz_truncate;
--! expect: none

--! case: triggers are gone from tables and partitions, and a new partition never had one
--! server: guarded
set local event_triggers = off;
drop trigger dbctl_guard_truncate on audit.event_2025;
drop trigger dbctl_guard_partition_row on audit.event_2026_rest;
drop trigger dbctl_guard_statement on audit.note;
create table audit.event_2027 partition of audit.event for values from ('2027-01-01') to ('2028-01-01');
--! expect: audit.event_2025, audit.event_2026_rest, audit.event_2027, audit.note
--! says: audit.event_2025: no trigger refuses truncate
--! fix: dbctl immutability install --repair

--! case: a statement guard alone is of less weight
--! server: guarded
set local event_triggers = off;
drop trigger dbctl_guard_statement on audit.note;
--! expect: audit.note
--! severity: medium

--! case: the clone of a guard lost ALWAYS; the partition has its own
--! server: guarded
set local event_triggers = off;
alter table audit.event_2025 disable trigger dbctl_guard_row;
set local event_triggers = on;
--! expect: audit.event_2025
--! says: the clone dbctl_guard_row of its parent's guard is not enabled always (tgenabled D)
--! severity: low
--! then: fixed

--! case: a guard goes with an extension
--! server: guarded
set local event_triggers = off;
create extension pg_trgm;
alter trigger dbctl_guard_row on audit.log depends on extension pg_trgm;
set local event_triggers = on;
--! expect: audit.log
--! says: trigger dbctl_guard_row goes when extension pg_trgm is dropped
--! fix: alter trigger dbctl_guard_row on audit.log no depends on extension pg_trgm;
--! then: fixed

--! case: a superuser edited the catalogs
--! server: guarded
update pg_catalog.pg_class set relhastriggers = false where oid = 'audit.log'::regclass;
update pg_catalog.pg_trigger set tgenabled = 'D' where tgrelid = 'audit.note'::regclass and tgname = 'dbctl_guard_truncate';
update pg_catalog.pg_trigger set tgtype = 19 where tgrelid = 'audit.event_2025'::regclass and tgname = 'dbctl_guard_partition_row';
--! expect: audit.log, audit.note, audit.event_2025
--! says: update and delete of rows may pass: trigger dbctl_guard_partition_row fires on something else (tgtype 19)

--! case: no trigger of a table fires
--! server: guarded
update pg_catalog.pg_class set relhastriggers = false where oid = 'audit.log'::regclass;
--! expect: audit.log
--! fix: update pg_catalog.pg_class set relhastriggers = true where oid = 'audit.log'::pg_catalog.regclass;
--! then: fixed

--! case: nothing of dbctl is in the database
--! server: guarded
--! database: encoding 'UTF8'
create schema audit;
create table audit.log (id bigint primary key);
--! expect: audit.log
--! says: audit.log: no trigger refuses truncate; no trigger refuses update and delete of rows; no trigger refuses update and delete that find no row
--! fix: dbctl immutability install --repair

--! case: all is guarded
--! server: guarded
--! as: plain
--! expect: none

--! case: the role may not see the triggers
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_trigger from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_trigger to "verify_plain";
