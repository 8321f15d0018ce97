--! title: Every standby is close behind
--! severity: medium
--! group: replication
--! scope: cluster
--! needs: member pg_read_all_stats, select pg_catalog.pg_stat_replication, select pg_catalog.pg_stat_wal_receiver
--! params: now, standby_lag, standby_lag_bytes
--! why: What a standby has not replayed is not on it: reads there are old, and after a failover those changes are gone, or the failover waits
--!   for them. Five minutes, or 1 GB of log, is more than a busy moment (verify.limits.standby_lag and standby_lag_mb).
--!   A standby to which nothing comes any more has replayed all it has, and says so here.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW
--!   https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-MONITORING
--!   https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL
--!   CIS PostgreSQL 18: 7.5
with here as materialized (
  select pg_catalog.pg_is_in_recovery() as is_standby,
         case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_receive_lsn() else pg_catalog.pg_current_wal_lsn() end as at,
         -- Outside of recovery it is an error to ask.
         case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_is_wal_replay_paused() end as is_paused
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
         pg_catalog.max(r.bytes) as bytes,
         'select pid, application_name, state, sent_lsn, replay_lsn, replay_lag from pg_catalog.pg_stat_replication; -- and on the '
           'standby: what its network, its disk, or a query in the way of replay takes' as statement,
         null as status
    from reader r
   group by r.name
  union all
  select 'this standby',
         $1 - pg_catalog.pg_last_xact_replay_timestamp(),
         h.at - pg_catalog.pg_last_wal_replay_lsn(),
         case when h.is_paused then 'select pg_catalog.pg_wal_replay_resume();'
              else 'select pid, status, written_lsn, latest_end_lsn, latest_end_time from pg_catalog.pg_stat_wal_receiver; -- and what its '
                'network, its disk, or a query in the way of replay takes' end,
         -- Of log that comes from an archive nobody here knows whether more was written.
         case when h.at is null then 'unknown' end
    from here h
   -- Where all that came is replayed, an old last transaction means that nobody wrote.
   where h.is_standby and h.at is distinct from pg_catalog.pg_last_wal_replay_lsn()
), found as (
  select b.object,
         pg_catalog.format('%s is behind by %s%s', b.object,
                           pg_catalog.concat_ws(' and ', pg_catalog.date_trunc('second', b.time)::text,
                             pg_catalog.pg_size_pretty(b.bytes) || ' of log'),
                           case when b.object = 'this standby' and h.is_paused then ', and its replay is paused'
                                when b.status = 'unknown' then ', or nothing was written since: it reads an archive' end) as detail,
         pg_catalog.floor(extract(epoch from b.time)) as seconds,
         b.bytes,
         b.statement,
         b.status
    from behind b
   cross join here h
   where b.time > $2 or b.bytes > $3
  union all
  select 'this standby',
         pg_catalog.format('this standby has replayed no commit since it started, and %s: by how much time it is behind is not known',
                           case when b.bytes is null then 'reads no stream' else 'log waits for it' end),
         null,
         b.bytes,
         b.statement,
         'unknown'
    from behind b
   where b.object = 'this standby' and b.time is null and coalesce(b.bytes, 0) <= $3 and $1 - pg_catalog.pg_postmaster_start_time() > $2
  union all
  -- All that came may be replayed, and nothing come any more.
  select 'connection of this standby',
         'this standby has streamed, and receives nothing now: how far it is behind is not known',
         null,
         null,
         'show primary_slot_name; -- is the server of primary_conninfo there, and has it this slot? the log of this one says why it does not come',
         null
    from here h
   where h.is_standby and h.at is not null and not exists (select from pg_catalog.pg_stat_wal_receiver)
)
select f.object,
       f.detail,
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
         'seconds', f.seconds, 'bytes', f.bytes, 'statement', f.statement, 'status', f.status)) as data
  from found f
 order by f.object;
