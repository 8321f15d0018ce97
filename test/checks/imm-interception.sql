--! case: rules, policies and triggers that lose rows
--! server: guarded
set local event_triggers = off;
create rule lose as on insert to audit.log do instead nothing;
create policy only_mine on audit.note using (body = current_user);
alter table audit.note enable row level security;
alter table audit.event force row level security;
create function audit.forge() returns trigger language plpgsql as 'begin return null; end';
create trigger forge before insert on audit.event for each row execute function audit.forge();
create trigger listen after insert on audit.note for each statement execute function audit.forge();
create trigger "A first" before delete on audit.note for each row execute function audit.forge();
create trigger asleep before insert on audit.note for each row execute function audit.forge();
alter table audit.note disable trigger asleep;
--! expect: rule lose on audit.log, policy only_mine on audit.note, row security of audit.note, row security of audit.event,
--!   trigger forge on audit.event, trigger listen on audit.note, trigger "A first" on audit.note, trigger asleep on audit.note
--! says: policy only_mine on audit.note decides who sees or inserts which rows
--! fix: drop policy only_mine on audit.note; -- refused until unlocked: runbooks/emergency-unlock.md
--! severity: high
--! then: fixed

--! case: a trigger that changes every new row
--! server: guarded
set local event_triggers = off;
create function audit.forge() returns trigger language plpgsql as 'begin new.body := ''all is well''; return new; end';
create trigger forge before insert on audit.note for each row execute function audit.forge();
--! expect: trigger forge on audit.note
--! says: trigger forge on audit.note runs audit.forge() before each row is inserted, and may change it or drop it
--! severity: high
--! then: fixed

--! case: a trigger that calls itself internal, a clone, or a guard
--! server: guarded
set local event_triggers = off;
create function audit.forge() returns trigger language plpgsql as 'begin return null; end';
create trigger one before insert on audit.log for each row execute function audit.forge();
create trigger two before insert on audit.note for each row execute function audit.forge();
create trigger dbctl_guard_partition_row before insert on audit.log for each row execute function audit.forge();
create trigger dbctl_guard_everything before insert on audit.note for each row execute function dbctl.refuse_row_change();
update pg_catalog.pg_trigger set tgisinternal = true where tgname = 'one';
update pg_catalog.pg_trigger set tgparentid = 1 where tgname = 'two';
--! expect: trigger one on audit.log, trigger two on audit.note, trigger dbctl_guard_partition_row on audit.log,
--!   trigger dbctl_guard_everything on audit.note

--! case: a trigger of a partitioned table is told once
--! server: guarded
set local event_triggers = off;
create function audit.forge() returns trigger language plpgsql as 'begin return null; end';
create trigger forge before insert on audit.event for each row execute function audit.forge();
create trigger of_its_own before insert on audit.event_2025 for each row execute function audit.forge();
--! expect: trigger forge on audit.event, trigger of_its_own on audit.event_2025
--! then: fixed

--! case: foreign keys, guards, and triggers of other tables
--! server: guarded
create function shop.stamp() returns trigger language plpgsql as 'begin return new; end';
create trigger stamp before insert on shop.account for each row execute function shop.stamp();
alter table shop.account enable row level security;
--! expect: none

--! case: the role may not see the rules
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_rewrite from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_rewrite to "verify_plain";
