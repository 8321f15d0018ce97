--! case: one that is late, one that is far behind, one that is there, a receiver, and a base backup
set local allow_system_table_mods = on;
create or replace function pg_catalog.pg_current_wal_lsn() returns pg_lsn language sql as $$ select '0/80000000'::pg_lsn $$;
create or replace view pg_catalog.pg_stat_replication as
select s.pid, s.usesysid, s.usename, n.name as application_name, n.address as client_addr, s.client_hostname, s.client_port, s.backend_start, s.backend_xmin, n.state,
       n.lsn as sent_lsn, n.lsn as write_lsn, n.lsn as flush_lsn, n.lsn as replay_lsn, n.lag as write_lag, n.lag as flush_lag, n.lag as replay_lag,
       0 as sync_priority, 'async' as sync_state, now() as reply_time
  from pg_catalog.pg_stat_activity as s
 cross join (values ('late', '10.0.0.7'::inet, 'streaming', pg_catalog.pg_current_wal_lsn(), '7 minutes'::interval),
                    ('near', null, 'streaming', pg_catalog.pg_current_wal_lsn(), '2 seconds'),
                    ('far', null, 'catchup', '0/0'::pg_lsn, null),
                    ('receiver', null, 'streaming', pg_catalog.pg_current_wal_lsn(), null),
                    ('backup', null, 'backup', '0/0', null)) as n(name, address, state, lsn, lag)
 where s.pid = pg_catalog.pg_backend_pid();
--! expect: standby late at 10.0.0.7, standby far
--! says: is behind by 2048 MB of log

--! case: no standby
--! expect: none

--! case: a role that sees no numbers of standbys
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_stats to "verify_plain";
