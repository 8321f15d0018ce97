--! title: The server runs with the settings its files hold
--! severity: medium
--! group: settings
--! scope: cluster
--! needs: member pg_read_all_settings, select pg_catalog.pg_settings
--! why: A changed setting that waits for a restart comes into force with the next one, planned or not: at three in the morning after
--!   a crash, when nobody remembers it. One that is wrong keeps the server from starting.
--! fix: restart the server in the next maintenance window (pg_ctl restart, or systemctl restart postgresql), or take the change back:
--!   alter system reset {name}; -- and in postgresql.conf, then select pg_reload_conf();
--! fix-managed: reboot the instance from the service's console in the next maintenance window, or set {name:sql} back there
--! refs: https://www.postgresql.org/docs/current/view-pg-settings.html
--!   CIS PostgreSQL 18: 6.3
select s.name as object,
       -- The file's value is for superusers alone (pg_file_settings).
       pg_catalog.format('%s was changed in the files of the server and waits for a restart: until then it is %s', s.name,
                         case s.setting when '' then 'empty' else pg_catalog.concat_ws(' x ', s.setting, s.unit) end) as detail,
       pg_catalog.jsonb_build_object('name', s.name, 'value', s.setting) as data
  from pg_catalog.pg_settings s
 where s.pending_restart
 order by s.name;
