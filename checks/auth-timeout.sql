--! title: Whoever does not log in is sent away within a minute
--! severity: low
--! group: authentication
--! scope: cluster
--! needs: setting authentication_timeout
--! why: A connection counts from its first byte. Strangers who open many and never say who they are keep everybody else out for as long as
--!   this lasts.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-AUTHENTICATION-TIMEOUT
--!   CIS PostgreSQL 18: 6.4
select 'authentication_timeout' as object,
       pg_catalog.format('authentication_timeout is %s %s: so long a stranger may hold a connection', s.setting, s.unit) as detail,
       pg_catalog.jsonb_build_object(
         'statement', case s.source
                        when 'command line' then 'start the server without -c authentication_timeout'
                        else 'alter system reset authentication_timeout; select pg_reload_conf(); -- 60 s, if no file of the server has it'
                      end) as data
  from pg_catalog.pg_settings s
 where s.name = 'authentication_timeout'
   -- In seconds, up to 600.
   and s.setting !~ '^([1-5]?[0-9]|60)$'
 order by 1;
