--! case: types, expressions and keys that others may change
--! server: guarded
set local event_triggers = off;
create extension lo;
create type shop.mood as enum ('good', 'bad');
create type shop.place as (street text, city text);
create domain shop.code as varchar(8) check (value <> '');
alter table audit.log
  add mood shop.mood, add moods shop.mood[], add place shop.place, add code shop.code, add codes shop.code[], add scan lo, add old_scan oid,
  add shout text generated always as (pg_catalog.upper(actor)) virtual,
  drop constraint log_account_fkey,
  add constraint "Log account" foreign key (account) references shop.account on delete cascade on update set null;
create table audit.note_child () inherits (audit.note);
--! expect: audit.log.mood, audit.log.moods, audit.log.place, audit.log.code, audit.log.codes, audit.log.scan, audit.log.old_scan, audit.log.shout,
--!   audit.log: "Log account", audit.note_child
--! says: audit.log.code has the domain shop.code: dropping it drops the column, and a new constraint stops inserts
--! fix: alter table audit.log alter column code type character varying(8); -- refused until unlocked: runbooks/emergency-unlock.md
--! severity: high
--! then: fixed

--! case: what dbctl.yaml accepts stays in sight
--! server: guarded
--! policy: {"guards": {"tables": [{"schema": "audit", "table": "note", "generated": [], "accept": ["enum"]}]}}
set local event_triggers = off;
create type shop.mood as enum ('good', 'bad');
alter table audit.note add mood shop.mood;
--! expect: audit.note.mood
--! says: audit.note.mood has the enum type shop.mood: renaming a label changes what old rows say (accepted in dbctl.yaml)
--! severity: low

--! case: a foreign key that only forbids, and unsafe types elsewhere
--! server: guarded
create type shop.mood as enum ('good', 'bad');
alter table shop.account add mood shop.mood;
create table shop.visit (account bigint references shop.account on delete cascade, at timestamptz);
--! expect: none

--! case: the role may not see the types
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_type from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_type to "verify_plain";
