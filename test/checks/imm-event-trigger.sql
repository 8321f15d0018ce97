--! case: one is disabled, one only for origin, one is gone, one runs another function for one command
--! server: guarded
set local event_triggers = off;
alter event trigger dbctl_4_refuse_drop disable;
alter event trigger dbctl_3_refuse_ddl enable;
drop event trigger dbctl_1_refuse_concurrent_ddl;
drop event trigger dbctl_5_refuse_rewrite;
create function audit.let_pass() returns event_trigger language plpgsql as 'begin end';
create event trigger dbctl_5_refuse_rewrite on table_rewrite when tag in ('ALTER TYPE') execute function audit.let_pass();
alter event trigger dbctl_5_refuse_rewrite enable always;
--! expect: dbctl_1_refuse_concurrent_ddl, dbctl_3_refuse_ddl, dbctl_4_refuse_drop, dbctl_5_refuse_rewrite
--! says: event trigger dbctl_1_refuse_concurrent_ddl is missing: partitions can be detached, and unique indexes dropped, concurrently
--! fix: dbctl immutability install --repair
--! severity: high

--! case: those that are only disabled are enabled again
--! server: guarded
set local event_triggers = off;
alter event trigger dbctl_4_refuse_drop disable;
alter event trigger dbctl_2_guard_new_partition enable replica;
--! expect: dbctl_2_guard_new_partition, dbctl_4_refuse_drop
--! says: is not enabled always (evtenabled R): a new partition has the row guard alone, until the next install
--! fix: alter event trigger dbctl_2_guard_new_partition enable always;
--! then: fixed

--! case: its owner is no superuser any more
--! server: guarded
create role former superuser;
alter event trigger dbctl_4_refuse_drop owner to former;
alter role former nosuperuser;
--! expect: dbctl_4_refuse_drop
--! says: belongs to former, who is no superuser: whoever becomes that role can disable it
--! fix: alter event trigger dbctl_4_refuse_drop owner to postgres;
--! severity: medium

--! case: all of them were dropped
--! server: guarded
drop event trigger dbctl_1_refuse_concurrent_ddl;
drop event trigger dbctl_2_guard_new_partition;
drop event trigger dbctl_3_refuse_ddl;
drop event trigger dbctl_4_refuse_drop;
drop event trigger dbctl_5_refuse_rewrite;
--! expect: event triggers
--! says: none of the event triggers of dbctl is there, so: partitions can be detached
--! severity: high
--! fix: dbctl immutability install --repair

--! case: the server never let dbctl create them
--! server: guarded
--! database: encoding 'UTF8'
create schema dbctl authorization keeper;
--! expect: event triggers
--! severity: medium
--! fix: run dbctl immutability install once as a superuser, or as the provider's administrator where it may create event triggers

--! case: all are there
--! server: guarded
--! as: plain
--! expect: none

--! case: the role may not see them
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_event_trigger from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_event_trigger to "verify_plain";
