--! case: a standby that is gone, and nothing that limits its slot
--! server: odd
--! now: 2099-01-01T00:00:00Z
--! expect: gone_standby, max_slot_wal_keep_size
--! says: nobody has read replication slot gone_standby since
--! severity: high
--! fix: select pg_catalog.pg_drop_replication_slot('gone_standby'); -- when its standby or subscriber does not come back

--! case: away for less than a day
--! server: odd
--! expect: max_slot_wal_keep_size
--! says: nothing limits the log that a replication slot keeps
--! severity: medium

--! case: no slot
--! expect: none

--! case: the role may not see the slots
--! as: plain
revoke select on pg_catalog.pg_replication_slots from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_replication_slots to "verify_plain";
