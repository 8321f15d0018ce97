--! title: The log of changes is archived, and the archive takes it
--! severity: high
--! group: durability
--! scope: cluster
--! since: 15
--! needs: setting archive_mode, setting archive_command, setting archive_library, select pg_catalog.pg_stat_archiver
--! why: Between two backups the archived log is all there is: with it a restore reaches any moment, without it the last backup. An
--!   archiver that fails does so quietly, while pg_wal grows until the disk is full. Where no archive is asked for this is
--!   told and does not decide: a cluster whose log is streamed away instead (pg_receivewal) is none the worse.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/continuous-archiving.html
--!   https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ARCHIVER-VIEW
--!   CIS PostgreSQL 18: 7.4
with live as (
  select (select s.setting from pg_catalog.pg_settings s where s.name = 'archive_mode') as mode,
         (select s.setting from pg_catalog.pg_settings s where s.name = 'archive_command') as command,
         (select s.setting from pg_catalog.pg_settings s where s.name = 'archive_library') as library
), found as (
  select 'archive_mode' as object,
         'archive_mode is off: a restore reaches the last backup, and nothing that was committed after it' as detail,
         'low' as severity,
         'alter system set archive_mode = on; -- then restart the server; archive_command: see dbctl wal push --help' as statement
    from live l
   where l.mode = 'off'
  union all
  select 'archive_command',
         'archive_mode is on, and there is neither an archive_command nor an archive_library: pg_wal grows until the disk is full',
         'high',
         'alter system set archive_command = ''...''; select pg_reload_conf(); -- for the archive of dbctl see dbctl wal push --help'
    from live l
   where l.mode <> 'off' and l.command = '' and l.library = ''
  union all
  select 'archiver',
         pg_catalog.format('archiving fails, last with %s on %s: %s, and pg_wal grows', a.last_failed_wal,
                           pg_catalog.to_char(pg_catalog.timezone('UTC', a.last_failed_time), 'YYYY-MM-DD HH24:MI "UTC"'),
                           case
                             when a.last_archived_time is null then 'nothing was ever archived'
                             else pg_catalog.format('nothing was archived since %s', pg_catalog.to_char(
                                    pg_catalog.timezone('UTC', a.last_archived_time), 'YYYY-MM-DD HH24:MI "UTC"'))
                           end),
         'high',
         '-- read what the archive_command said in the log of the server; then: dbctl wal status --server'
    from pg_catalog.pg_stat_archiver a
   cross join live l
   where l.mode <> 'off'
     and a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
