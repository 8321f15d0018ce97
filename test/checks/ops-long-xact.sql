--! case: a prepared transaction that was forgotten
--! server: odd
--! now: 2099-01-01T00:00:00Z
--! expect: prepared transaction 'order''s 7'
--! says: vacuum keeps everything that died since
--! fix: rollback prepared 'order''s 7'; -- in database postgres, once its coordinator does not know it either; else commit prepared

--! case: a session that was left open, and one that only sits there
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_stat_activity as
select s.datid, 'Shop'::name as datname, 4711 as pid, s.leader_pid, s.usesysid, 'app'::name as usename, n.name as application_name, s.client_addr, s.client_hostname,
       s.client_port, s.backend_start, s.xact_start, s.query_start, s.state_change, s.wait_event_type, s.wait_event, 'idle in transaction' as state, null::xid as backend_xid,
       n.xmin as backend_xmin, s.query_id, s.query, s.backend_type
  from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) as s
 cross join (values ('psql', '7'::xid), ('pool', null)) as n(name, xmin);
--! now: 2099-01-01T00:00:00Z
--! expect: session of app in "Shop" 'psql'
--! says: a transaction is open and idle since
--! fix: select pg_catalog.pg_terminate_backend(4711); -- once nobody waits for it

--! case: all of it is young
--! server: odd
--! expect: none

--! case: a role that sees its own sessions alone sees no holder
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_stats to "verify_plain";
