--! case: others may write what event triggers ask
--! server: guarded
grant insert on table dbctl.permit to writer;
grant update (shape) on table dbctl.protected_relation to archiver;
grant delete, select on table dbctl.unlock_request to public;
grant create on schema dbctl to writer;
set local event_triggers = off;
alter table dbctl.violation_counter owner to keeper;
set local event_triggers = on;
--! expect: dbctl.permit, dbctl.protected_relation, dbctl.unlock_request, dbctl.violation_counter, schema dbctl
--! says: dbctl.permit grants INSERT to writer
--! fix: revoke insert on table dbctl.permit from writer;
--! then: fixed

--! case: a permit that lasts, a rule that swallows, a trigger of somebody else
--! server: guarded
set local event_triggers = off;
alter table dbctl.permit enable trigger permit_ends;
create rule keep as on delete to dbctl.protected_relation do instead nothing;
create function shop.blind() returns trigger language plpgsql as 'begin return null; end';
create trigger blind before insert on dbctl.unlock_request for each row execute function shop.blind();
alter table dbctl.violation_counter enable row level security;
set local event_triggers = on;
--! expect: dbctl.permit, dbctl.protected_relation, dbctl.unlock_request, dbctl.violation_counter
--! says: dbctl.permit has trigger permit_ends not enabled always (tgenabled O)
--! fix: alter table dbctl.permit enable always trigger permit_ends;
--! then: fixed

--! case: the trigger that ends permits is gone
--! server: guarded
set local event_triggers = off;
drop trigger permit_ends on dbctl.permit;
set local event_triggers = on;
--! expect: dbctl.permit
--! says: dbctl.permit has no trigger permit_ends: a permit lasts, and guards need not come back
--! then: fixed

--! case: the trigger that ends permits runs another function
--! server: guarded
set local event_triggers = off;
create function shop.blind() returns trigger language plpgsql as 'begin return null; end';
drop trigger permit_ends on dbctl.permit;
create constraint trigger permit_ends after insert on dbctl.permit deferrable initially deferred
  for each row execute function shop.blind();
alter table dbctl.permit enable always trigger permit_ends;
set local event_triggers = on;
--! expect: dbctl.permit
--! says: has a trigger permit_ends that is not the one dbctl made
--! then: fixed

--! case: members of pg_write_all_data are not asked who they are
--! server: guarded
set local event_triggers = off;
drop trigger dbctl_writer on dbctl.permit;
alter table dbctl.protected_relation enable trigger dbctl_writer;
create or replace trigger dbctl_writer before insert on dbctl.unlock_request for each statement execute function dbctl.refuse_stranger();
set local event_triggers = on;
--! expect: dbctl.permit, dbctl.protected_relation, dbctl.unlock_request
--! says: dbctl.permit has no trigger dbctl_writer: members of pg_write_all_data write it
--! then: fixed

--! case: the permits are gone
--! server: guarded
set local event_triggers = off;
drop table dbctl.permit;
--! expect: dbctl.permit
--! says: dbctl.permit is missing

--! case: nothing of dbctl is in the database
--! server: guarded
--! database: encoding 'UTF8'
--! expect: schema dbctl
--! fix: dbctl immutability install

--! case: auditors read
--! server: guarded
grant select on table dbctl.permit, dbctl.protected_relation to keeper;
grant dbctl_auditor to keeper;
--! expect: none

--! case: the role may not see the triggers
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_trigger from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_trigger to "verify_plain";
