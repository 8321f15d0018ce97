--! title: The server's log is kept, and nothing of it is dropped or merged
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: setting log_destination, setting logging_collector, setting syslog_sequence_numbers, setting syslog_split_messages
--! why: The log is the only record of who was refused, what failed and when the server fell. Without the collector all but syslog goes to
--!   standard error, and what keeps the lines is whoever started the server (journald, a container engine), or nobody: PostgreSQL
--!   cannot tell. syslog drops repeated lines without sequence numbers, and cuts long ones that are not split.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-WHERE
--!   CIS PostgreSQL 18: 3.1.2, 3.1.3, 3.1.11, 3.1.12
with live as (
  select (select s.setting from pg_catalog.pg_settings s where s.name = 'log_destination') as destination,
         (select s.setting = 'on' from pg_catalog.pg_settings s where s.name = 'logging_collector') as collected
), found as (
  select 'log_destination' as object,
         'log_destination is empty: the server writes no log at all' as detail,
         'high' as severity,
         'alter system set log_destination = stderr; select pg_reload_conf();' as statement
    from live l
   where l.destination = ''
  union all
  select 'logging_collector',
         'the log goes to the standard error of whoever started the server: whether anything keeps it cannot be seen from here',
         'low',
         'alter system set logging_collector = on; -- then restart the server; where journald or a container engine keeps it, waive this'
    from live l
   where l.destination <> '' and l.destination !~* 'syslog|eventlog' and not l.collected
  union all
  select s.name,
         case s.name when 'syslog_sequence_numbers' then 'syslog_sequence_numbers is off: syslog drops lines that look like the one before'
                     else 'syslog_split_messages is off: syslog cuts long messages, statements among them' end,
         'medium',
         pg_catalog.format('alter system set %s = on; select pg_reload_conf();', s.name)
    from live l
    join pg_catalog.pg_settings s on s.name in ('syslog_sequence_numbers', 'syslog_split_messages') and s.setting = 'off'
   where l.destination ~* 'syslog'
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
