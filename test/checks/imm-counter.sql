--! case: a sequence is gone, rows are gone, a sequence may be set back
--! server: guarded
set local event_triggers = off;
delete from dbctl.violation_counter where relation = 'audit.note'::regclass and sqlstate in ('IM001', 'IM004');
do $$
declare
  name text;
begin
  select attempts::text into name from dbctl.violation_counter where relation = 'audit.log'::regclass and sqlstate = 'IM001';
  execute 'drop sequence ' || name;
  select last_attempt::text into name from dbctl.violation_counter where relation = 'audit.event'::regclass and sqlstate = 'IM003';
  execute 'grant update on sequence ' || name || ' to writer, archiver';
end
$$;
set local event_triggers = on;
--! expect: audit.note, audit.log, audit.event
--! severity: medium
--! then: fixed

--! case: nothing counts two of the codes
--! server: guarded
delete from dbctl.violation_counter where relation = 'audit.note'::regclass and sqlstate in ('IM001', 'IM004');
--! expect: audit.note
--! says: audit.note: nothing counts IM001, IM004
--! severity: low
--! then: fixed

--! case: a table that was never guarded
--! server: guarded
--! policy: {"guards": {"tables": [{"schema": "shop", "table": "account", "generated": [], "accept": []}]}}
--! expect: none

--! case: every code has its counters, and auditors read them
--! server: guarded
--! expect: none

--! case: the role may not read the counters
--! server: guarded
--! as: plain
--! expect: unknown
--! fix: grant select on dbctl.violation_counter to "verify_plain";
