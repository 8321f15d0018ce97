--! title: The server log is written in the project's time zone
--! severity: medium
--! group: time
--! scope: cluster
--! needs: setting log_timezone
--! params: timezones, timezone
--! why: Log lines are put beside those of applications and other servers. In another zone they are off by hours, and in the night the clocks
--!   go back two different hours of log look the same.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-TIMEZONE
--!   CIS PostgreSQL 18: 3.1.26
select s.name as object,
       pg_catalog.format('the server log is written in time zone %s instead of %s: its lines cannot be put beside those of other systems',
                         s.setting, $2) as detail,
       pg_catalog.jsonb_build_object(
         'value', s.setting,
         'source', s.source,
         'statement', case
                        when s.source = 'command line' then pg_catalog.format('start the server with -c log_timezone=%s', $2)
                        else pg_catalog.format('alter system set log_timezone = %L; select pg_reload_conf();', $2)
                      end) as data
  from pg_catalog.pg_settings s
 where s.name = 'log_timezone'
   and pg_catalog.lower(s.setting) <> all ($1)
 order by s.name;
