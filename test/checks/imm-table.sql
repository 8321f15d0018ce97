--! case: a table is gone, one is a view now, one is unlogged
--! server: guarded
set local event_triggers = off;
drop table audit.note;
alter table audit.log rename to log_before;
create view audit.log as select * from audit.log_before where actor <> 'mallory';
alter table audit.event_2025 set unlogged;
--! expect: audit.note, audit.log, audit.event_2025
--! says: audit.event_2025: it is unlogged: a crash of the server empties it
--! fix: alter table audit.event_2025 set logged; -- refused until unlocked: runbooks/emergency-unlock.md
--! severity: critical

--! case: the repair of an unlogged table makes it logged
--! server: guarded
set local event_triggers = off;
alter table audit.note set unlogged;
--! expect: audit.note
--! then: fixed

--! case: the tables are those of dbctl.yaml
--! server: guarded
--! expect: none

--! case: a table nobody listed is unlogged
--! server: guarded
create unlogged table audit.scratch (id bigint);
--! expect: none

--! case: the role may not see the tables
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_class from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_class to "verify_plain";
