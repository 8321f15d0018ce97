--! case: an index that a failed build left behind, one that is not maintained
--! server: guarded
set local event_triggers = off;
create unique index by_actor on audit.log (actor);
update pg_catalog.pg_index set indisvalid = false where indexrelid = 'audit.by_actor'::regclass;
update pg_catalog.pg_index set indisvalid = false, indisready = false where indexrelid = 'audit.note_pkey'::regclass;
--! expect: audit.by_actor, audit.note_pkey
--! says: unique index audit.by_actor on audit.log is not valid: duplicates may be in
--! fix: reindex index concurrently audit.by_actor; -- where it fails there are duplicates already: runbooks/immutability-violation.md
--! severity: medium

--! case: foreign keys went with disable trigger all, another was never validated
--! server: guarded
set local event_triggers = off;
alter table audit.log disable trigger all;
alter table audit.log enable always trigger dbctl_guard_row, enable always trigger dbctl_guard_statement,
  enable always trigger dbctl_guard_truncate;
alter table audit.note add account bigint, add other bigint,
  add constraint note_account foreign key (account) references shop.account not valid,
  add constraint note_other foreign key (other) references shop.account not enforced;
--! expect: audit.log: log_account_fkey, audit.note: note_account, audit.note: note_other
--! says: foreign key log_account_fkey of audit.log is not checked: its trigger on audit.log is not enabled for everybody (tgenabled D)
--! severity: high
--! then: fixed

--! case: a table that was made after the guards refers to a protected one
--! server: guarded
create table shop.remark (id bigint primary key, event uuid references audit.note);
--! expect: shop.remark: remark_event_fkey
--! says: foreign key remark_event_fkey of shop.remark cannot be checked: dbctl_protected may update no column of audit.note, and whoever writes on the other side is refused
--! fix: grant update (id) on table audit.note to dbctl_protected;
--! severity: high
--! then: fixed

--! case: an index that is not unique, and one of another table
--! server: guarded
create index by_actor on audit.log (actor);
create unique index by_id on shop.account (id);
update pg_catalog.pg_index set indisvalid = false where indexrelid in ('audit.by_actor'::regclass, 'shop.by_id'::regclass);
--! expect: none

--! case: the role may not see the indexes
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_index from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_index to "verify_plain";
