--! case: what a generous grant gives to applications
--! server: guarded
set local event_triggers = off;
grant all on table audit.note to writer;
grant truncate on table audit.log to public;
grant references (note), update (note) on table audit.log to archiver;
grant maintain on table audit.note to keeper;
--! expect: audit.note: writer, audit.log: PUBLIC, audit.log: archiver, audit.note: keeper
--! says: PUBLIC holds TRUNCATE on audit.log
--! fix: revoke truncate on table audit.log from public;
--! severity: high
--! then: fixed

--! case: a role that inserts into all columns forges ids and times
--! server: guarded
set local event_triggers = off;
grant insert on table audit.log to writer;
grant insert (id, kind) on table audit.event to archiver;
--! expect: audit.log: writer, audit.event: archiver
--! says: archiver holds INSERT on column id on audit.event
--! fix: revoke insert (id) on table audit.event from archiver;
--! severity: medium
--! then: fixed

--! case: the columns that are granted instead
--! server: guarded
set local event_triggers = off;
grant insert on table audit.log to writer;
--! expect: audit.log: writer
--! fix: revoke insert on table audit.log from writer; grant insert (account, actor, note) on table audit.log to writer;
--! then: fixed

--! case: inserts pass by the table, not by its partitions
--! server: guarded
set local event_triggers = off;
grant insert on table audit.event_2025 to writer;
grant delete on table audit.event_2026_rest to "writer";
--! expect: audit.event_2025: writer, audit.event_2026_rest: writer
--! then: fixed

--! case: the owner holds what its foreign keys, views and functions act with
--! server: guarded
set local event_triggers = off;
grant update, delete, truncate on table audit.log to dbctl_protected;
grant update (body) on table audit.note to dbctl_protected;
--! expect: audit.log: dbctl_protected, audit.note: dbctl_protected
--! says: dbctl_protected holds DELETE, TRUNCATE, UPDATE on audit.log, which belongs to it
--! fix: revoke delete, truncate, update on table audit.log from dbctl_protected; grant update (id) on table audit.log to dbctl_protected;
--! severity: medium
--! then: fixed

--! case: a second column of the owner
--! server: guarded
set local event_triggers = off;
grant update (note) on table audit.log to dbctl_protected;
--! expect: audit.log: dbctl_protected
--! says: dbctl_protected holds UPDATE on column note on audit.log
--! fix: revoke update (note) on table audit.log from dbctl_protected;
--! severity: low
--! then: fixed

--! case: a table of a superuser
--! server: guarded
--! policy: {"guards": {"tables": [{"schema": "shop", "table": "account", "generated": [], "accept": []}]}}
--! expect: none

--! case: insert and select, by table where the database fills no column
--! server: guarded
grant insert, select on table audit.note to archiver;
grant insert (actor), select on table audit.log to archiver;
grant all on table shop.account to archiver;
--! expect: none

--! case: the role may not see the columns
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_attribute from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_attribute to "verify_plain";
