--! title: The log says when sessions ended
--! severity: low
--! group: logging
--! scope: cluster
--! needs: unoverridden log_disconnections
--! why: With the end of a session the log has its length, role, database and address in one line: how long somebody was in, and which
--!   pools open a connection for every request.
--! fix: alter system set log_disconnections = on; select pg_reload_conf(); -- for sessions from then on
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-DISCONNECTIONS
--!   CIS PostgreSQL 18: 3.1.21
select s.name as object,
       'log_disconnections is off: the log does not say how long a session lasted' as detail,
       pg_catalog.jsonb_build_object('value', s.setting) as data
  from pg_catalog.pg_settings s
 where s.name = 'log_disconnections'
   and s.setting = 'off'
 order by s.name;
