--! case: a publication leaves rows and columns out
--! server: guarded
create publication reports for table audit.log (id, actor) where (actor <> 'mallory'), table audit.note where (body <> '');
--! expect: publication reports: audit.log, publication reports: audit.note
--! says: publication reports filters rows and leaves columns out of audit.log
--! fix: alter publication reports drop table audit.log; alter publication reports add table audit.log;
--! severity: low
--! then: fixed

--! case: a subscription writes into a table and a partition
--! server: guarded
create subscription feed connection 'host=nowhere' publication all_of_it with (connect = false, slot_name = none);
insert into pg_catalog.pg_subscription_rel (srsubid, srrelid, srsubstate)
select s.oid, r, 'r' from pg_catalog.pg_subscription s, unnest('{audit.note,audit.event_2025}'::regclass[]) r where s.subname = 'feed';
--! expect: subscription feed: audit.note, subscription feed: audit.event_2025
--! says: subscription feed writes into audit.event_2025 what another server sends
--! fix: take audit.event_2025 out of the publication, then: alter subscription feed refresh publication;
--! severity: high

--! case: a plain role sees the subscription's name as well
--! server: guarded
--! as: plain
create subscription feed connection 'host=nowhere' publication all_of_it with (connect = false, slot_name = none);
insert into pg_catalog.pg_subscription_rel (srsubid, srrelid, srsubstate)
select s.oid, 'audit.note'::regclass, 'r' from pg_catalog.pg_subscription s where s.subname = 'feed';
--! expect: subscription feed: audit.note

--! case: whole tables are published, without updates and deletes, and other tables are filtered
--! server: guarded
create publication everything for table audit.log, audit.event with (publish = 'insert');
create publication few for table shop.account where (id > 0);
create subscription feed connection 'host=nowhere' publication all_of_it with (connect = false, slot_name = none);
insert into pg_catalog.pg_subscription_rel (srsubid, srrelid, srsubstate)
select s.oid, 'shop.account'::regclass, 'r' from pg_catalog.pg_subscription s where s.subname = 'feed';
--! expect: none

--! case: the role may not see the publications
--! server: guarded
--! as: plain
revoke select on pg_catalog.pg_publication from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_publication to "verify_plain";
