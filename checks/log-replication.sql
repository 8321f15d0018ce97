--! title: The log has every replication command
--! severity: low
--! group: logging
--! scope: cluster
--! needs: unoverridden log_replication_commands
--! why: A role with REPLICATION copies the whole cluster in one command, which is no statement and which log_statement does not see.
--!   Base backups, slots made and dropped, and standbys that come and go are in the log only with this.
--! fix: alter system set log_replication_commands = on; select pg_reload_conf();
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-REPLICATION-COMMANDS
--!   CIS PostgreSQL 18: 7.2
select s.name as object,
       'log_replication_commands is off: a copy of the whole cluster can be taken without a line in the log' as detail,
       pg_catalog.jsonb_build_object('value', s.setting) as data
  from pg_catalog.pg_settings s
 where s.name = 'log_replication_commands'
   and s.setting = 'off'
 order by s.name;
