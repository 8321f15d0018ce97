--! case: permits without the reason they need, and one that never ended
--! server: guarded
set local event_triggers = off;
alter table dbctl.permit disable trigger permit_ends;
insert into dbctl.permit (id, relation, purpose, reason, given_by, given_at, ended) overriding system value values
  (101, 'audit.log'::regclass, 'unlock', 'quick fix', 'mallory', '2026-11-20 10:00Z', true),
  (102, 'audit.log'::regclass, 'self-test', null, 'Mallory M', '2026-11-20 11:00Z', true),
  (103, 'audit.log'::regclass, 'release', 'for a while', 'mallory', '2026-11-20 12:00Z', true),
  (104, 'shop.account'::regclass, 'release', 'dbctl immutability uninstall', 'mallory', '2026-11-20 13:00Z', true),
  (105, null, 'upgrade', null, 'mallory', '2026-11-20 14:00Z', false);
--! now: 2026-11-21T10:00:00Z
--! expect: permit 101, permit 102, permit 103, permit 104, permit 105
--! says: permit 101 for audit.log, given by mallory at 2026-11-20 10:00 UTC: an unlock that nobody asked for
--! fix: ask "mallory" why: runbooks/immutability-violation.md
--! severity: high

--! case: a table that is off dbctl.yaml was released
--! server: guarded
insert into dbctl.permit (id, relation, purpose, reason, given_by, ended) overriding system value
values (101, 'shop.account'::regclass, 'release', 'dbctl immutability uninstall', 'keeper', true);
--! expect: permit 101
--! severity: low

--! case: two people agreed, or dbctl had to
--! server: guarded
insert into dbctl.unlock_request (id, relation, reason, requested_by, approved_by)
values ('00000000-0000-7000-8000-000000000001', 'audit.log'::regclass, 'a column is missing', 'keeper', 'archiver');
insert into dbctl.permit (relation, purpose, unlock_request, ended) values
  ('audit.log'::regclass, 'unlock', '00000000-0000-7000-8000-000000000001', true),
  ('audit.log'::regclass, 'install', null, true),
  ('audit.log'::regclass, 'archive', null, true),
  ('audit.log'::regclass, 'epoch', null, true),
  ('audit.log'::regclass, 'new partition', null, true),
  (null, 'upgrade', null, true);
--! expect: none

--! case: long ago
--! server: guarded
insert into dbctl.permit (relation, purpose, given_at, ended) values ('audit.log'::regclass, 'unlock', '2020-01-01 10:00Z', true);
--! expect: none

--! case: the role may not read the permits
--! server: guarded
--! as: plain
--! expect: unknown
--! fix: grant select on dbctl.permit to "verify_plain";
