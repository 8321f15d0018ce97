--! title: Every standby is close behind
--! severity: medium
--! group: replication
--! scope: cluster
--! needs: member pg_read_all_stats, select pg_catalog.pg_stat_replication
--! params: now
--! why: What a standby has not replayed is not on it: reads there are old, and after a failover those changes are gone, or the failover waits
--!   for them. Five minutes, or 1 GB of log, is more than a busy moment.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW
--!   https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-MONITORING
--!   CIS PostgreSQL 18: 7.5
with here as (
  select pg_catalog.pg_is_in_recovery() as is_standby,
         case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_receive_lsn() else pg_catalog.pg_current_wal_lsn() end as at
), reader as (
  select coalesce(nullif(r.application_name, ''), 'walsender') || coalesce(' at ' || pg_catalog.host(r.client_addr), '') as name,
         r.replay_lag,
         -- A receiver that only keeps the log replays nothing.
         h.at - coalesce(r.replay_lsn, r.flush_lsn, r.sent_lsn) as bytes
    from pg_catalog.pg_stat_replication r
   cross join here h
   -- Base backups read no stream.
   where r.state in ('startup', 'catchup', 'streaming')
), behind as (
  select pg_catalog.format('standby %s', r.name) as object,
         pg_catalog.max(r.replay_lag) as time,
         pg_catalog.max(r.bytes) as bytes
    from reader r
   group by r.name
  union all
  select 'this standby',
         $1 - pg_catalog.pg_last_xact_replay_timestamp(),
         h.at - pg_catalog.pg_last_wal_replay_lsn()
    from here h
   -- Where all that came is replayed, an old last transaction means that nobody wrote.
   where h.is_standby and h.at is distinct from pg_catalog.pg_last_wal_replay_lsn()
)
select b.object,
       pg_catalog.format('%s is behind by %s', b.object,
                         pg_catalog.concat_ws(' and ', pg_catalog.date_trunc('second', b.time)::text,
                           pg_catalog.pg_size_pretty(b.bytes) || ' of log')) as detail,
       pg_catalog.jsonb_build_object(
         'seconds', pg_catalog.floor(extract(epoch from b.time)), 'bytes', b.bytes,
         'statement', 'select pid, application_name, state, sent_lsn, replay_lsn, replay_lag from pg_catalog.pg_stat_replication; -- and on the '
           'standby: what its network, its disk, or a query in the way of replay takes') as data
  from behind b
 where b.time > '5 minutes'::interval or b.bytes > 1073741824
 order by b.object;
