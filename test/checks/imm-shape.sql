--! case: two columns swapped their names, a partition got a default
--! server: guarded
set local event_triggers = off;
alter table audit.log rename actor to swap;
alter table audit.log rename note to actor;
alter table audit.log rename swap to note;
alter table audit.event_2025 alter kind set default 'harmless';
--! expect: audit.log, audit.event_2025
--! says: audit.event_2025 is not as it was accepted: its columns changed
--! fix: undo the change; or, if it is right: dbctl immutability install --accept audit.event
--! severity: high

--! case: a partition left, a table became unlogged
--! server: guarded
set local event_triggers = off;
alter table audit.event detach partition audit.event_2025;
alter table audit.note set unlogged;
--! expect: audit.event_2025, audit.note
--! says: audit.event_2025 is not as it was accepted: its bound, columns, parents changed

--! case: the function that describes tables was replaced
--! server: guarded
set local event_triggers = off;
create or replace function dbctl.relation_shape(relation oid) returns jsonb language sql stable
  set search_path = pg_catalog, pg_temp
  as 'select p.shape from dbctl.protected_relation p where p.relation = $1';
alter table audit.log rename note to remark;
--! expect: dbctl.relation_shape
--! says: no definition was compared
--! fix: dbctl immutability install --repair
--! severity: critical

--! case: a replaced function is not called
--! server: guarded
set local event_triggers = off;
create or replace function dbctl.relation_shape(relation oid) returns jsonb language plpgsql stable
  set search_path = pg_catalog, pg_temp
  as 'begin raise exception ''called''; end';
--! expect: dbctl.relation_shape

--! case: storage settings, comments and plain indexes may change
--! server: guarded
comment on table audit.log is 'who did what';
create index on audit.log (actor);
alter table audit.log set (fillfactor = 90);
--! expect: none

--! case: the role may not call the function
--! server: guarded
--! as: plain
grant select on table dbctl.protected_relation to public;
--! expect: unknown
--! fix: grant execute on function dbctl.relation_shape(oid) to "verify_plain";
