--! case: a partition is being detached, one was detached
--! server: guarded
set local event_triggers = off;
update pg_catalog.pg_inherits set inhdetachpending = true where inhrelid = 'audit.event_2025'::regclass;
alter table audit.event_2026 detach partition audit.event_2026_rest;
--! expect: audit.event_2025, audit.event_2026_rest
--! says: audit.event_2025: it is being detached from audit.event (inhdetachpending): the table shows none of its rows
--! severity: critical

--! case: finished and attached again
--! server: guarded
set local event_triggers = off;
update pg_catalog.pg_inherits set inhdetachpending = true where inhrelid = 'audit.event_2025'::regclass;
--! expect: audit.event_2025
--! fix: alter table audit.event detach partition audit.event_2025 finalize; alter table audit.event attach partition audit.event_2025 FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2026-01-01 00:00:00+00'); -- refused until unlocked: runbooks/emergency-unlock.md
--! severity: critical

--! case: a partition of another server
--! server: guarded
set local event_triggers = off;
create extension postgres_fdw;
create server elsewhere foreign data wrapper postgres_fdw;
create table audit.sighting (at timestamptz not null) partition by range (at);
create foreign table audit.sighting_far partition of audit.sighting for values from ('2027-01-01') to ('2028-01-01') server elsewhere;
--! policy: {"guards": {"tables": [{"schema": "audit", "table": "sighting", "generated": [], "accept": []}]}}
--! expect: audit.sighting_far
--! says: its rows are on another server
--! severity: high
--! then: fixed

--! case: a table that is a partition itself
--! server: guarded
--! policy: {"guards": {"tables": [{"schema": "shop", "table": "log_2026", "generated": [], "accept": []},
--!   {"schema": "shop", "table": "child", "generated": [], "accept": []}]}}
create table shop.log (at timestamptz not null) partition by range (at);
create table shop.log_2026 partition of shop.log for values from ('2026-01-01') to ('2027-01-01');
create table shop.parent (id bigint);
create table shop.child () inherits (shop.parent);
--! expect: shop.log_2026, shop.child
--! says: it hangs below shop.parent, which is not protected
--! severity: medium
--! then: fixed

--! case: all are attached
--! server: guarded
--! as: plain
--! expect: none

--! case: the role may not see what is attached to what
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_inherits from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_inherits to "verify_plain";
