--! title: Log files are for the server's account alone and come to an end
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: setting logging_collector, setting log_file_mode, setting log_rotation_age, setting log_rotation_size
--! why: Logs hold statements with people's data, and names and addresses of all who connect; whoever may read the file needs no
--!   password for the database. A file that no age and no size ends grows until the disk is full, and the server stops with it.
--!   Where the collector is off, the files are not the server's and nothing is looked at.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-FILE-MODE
--!   https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-ROTATION-AGE
--!   CIS PostgreSQL 18: 3.1.6, 3.1.8, 3.1.9
with live as (
  select pg_catalog.max(s.setting) filter (where s.name = 'log_file_mode') as mode,
         pg_catalog.bool_and(s.setting = '0') filter (where s.name in ('log_rotation_age', 'log_rotation_size')) as endless,
         pg_catalog.bool_and(s.setting = 'on') filter (where s.name = 'logging_collector') as collected
    from pg_catalog.pg_settings s
), found as (
  select 'log_file_mode' as object,
         pg_catalog.format('log files have mode %s: %s of the machine read what people asked the database', l.mode,
                           case when l.mode ~ '0$' then 'all of its group' else 'all users' end) as detail,
         'alter system set log_file_mode = ''0600''; select pg_reload_conf(); -- files that are there keep their mode: chmod 600' as statement
    from live l
   where l.collected and l.mode !~ '00$'
  union all
  select 'log_rotation',
         'neither an age nor a size ends a log file: it grows until the disk is full',
         'alter system set log_rotation_age = ''1d''; alter system set log_rotation_size = ''100MB''; select pg_reload_conf();'
    from live l
   where l.collected and l.endless
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 order by f.object;
