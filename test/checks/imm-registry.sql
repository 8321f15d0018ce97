--! case: gone, renamed, moved out, never registered
--! server: guarded
set local event_triggers = off;
drop table audit.note;
alter table audit.event_2025 rename to event_2024;
alter table audit.event_2026 detach partition audit.event_2026_rest;
create table audit.event_2027 partition of audit.event for values from ('2027-01-01') to ('2028-01-01');
--! expect: audit.note, audit.event_2024, audit.event_2026_rest, audit.event_2027
--! says: audit.event_2024 was registered as audit.event_2025
--! severity: high

--! case: the registry lost rows
--! server: guarded
delete from dbctl.protected_relation where relation in ('audit.log'::regclass, 'audit.event_2025'::regclass);
update dbctl.protected_relation set shape = null where relation = 'audit.note'::regclass;
--! expect: audit.log, audit.event_2025, audit.note
--! says: audit.event_2025 is not registered: event triggers let the definition be changed
--! fix: dbctl immutability install
--! severity: high

--! case: nothing is registered
--! server: guarded
delete from dbctl.protected_relation;
--! expect: audit.log, audit.event, audit.note
--! says: audit.event is not registered, nor are its partitions

--! case: dbctl.yaml asks for other columns, another owner, and one table less
--! server: guarded
--! policy: {"guards": {"owner": "vault", "tables": [{"schema": "audit", "table": "log", "generated": ["at"], "accept": ["enum"]},
--!   {"schema": "audit", "table": "event", "generated": ["id"], "accept": []}]}}
--! expect: audit.log, audit.event, audit.note
--! says: audit.event is registered with owner dbctl_protected instead of vault
--! fix: dbctl immutability install
--! severity: medium

--! case: registered, not in dbctl.yaml, and bare
--! server: guarded
--! policy: {"guards": {"tables": [{"schema": "audit", "table": "log", "generated": ["at", "id"], "accept": []},
--!   {"schema": "audit", "table": "event", "generated": ["id"], "accept": []}]}}
set local event_triggers = off;
drop trigger dbctl_guard_row on audit.note;
drop trigger dbctl_guard_statement on audit.note;
drop trigger dbctl_guard_truncate on audit.note;
--! expect: audit.note
--! says: audit.note is registered with 0 partitions, and dbctl.yaml does not list it; no guard is on it either
--! fix: list it in immutability.tables, or: dbctl immutability uninstall

--! case: the registry is as dbctl.yaml wants it
--! server: guarded
--! expect: none

--! case: the role may not read the registry
--! server: guarded
--! as: plain
--! expect: unknown
--! fix: grant select on dbctl.protected_relation to "verify_plain";
