--! title: The server's time zone is the project's
--! severity: high
--! group: time
--! scope: cluster
--! needs: unoverridden TimeZone
--! params: timezones, timezone
--! why: Timestamps are shown, compared with dates and cut into days in the session's time zone. In a zone with summer time one hour a
--!   year happens twice: reports, partitions and audit trails made in it cannot be reproduced.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-TIMEZONE
select s.name as object,
       pg_catalog.format('the server runs in time zone %s instead of %s: the same instant falls on another day or hour in reports and audit trails',
                         s.setting, $2) as detail,
       pg_catalog.jsonb_build_object(
         'value', s.setting,
         'source', s.source,
         'statement', case
                        when s.source = 'command line' then pg_catalog.format('start the server with -c timezone=%s', $2)
                        else pg_catalog.format('alter system set timezone = %L; select pg_reload_conf();', $2)
                      end) as data
  from pg_catalog.pg_settings s
 where s.name = 'TimeZone'
   and pg_catalog.lower(s.setting) <> all ($1)
 order by s.name;
