--! title: The log has waits for locks, checkpoints and long vacuums
--! severity: low
--! group: logging
--! scope: cluster
--! needs: unoverridden log_lock_waits, setting log_checkpoints, setting log_autovacuum_min_duration
--! why: Why was it slow at two in the morning? Statistics have sums; which session waited for which, and whether a checkpoint or a
--!   vacuum was at work just then, is in the log or nowhere. A few lines an hour on a healthy server.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LOCK-WAITS
--!   https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-AUTOVACUUM-MIN-DURATION
with wanted(name, value, consequence) as (
  values ('log_lock_waits', 'on', 'who waited for whose lock is not in the log'),
         ('log_checkpoints', 'on', 'when the server wrote everything out at once is not in the log'),
         ('log_autovacuum_min_duration', '10min', 'vacuums that take long are not in the log')
)
select s.name as object,
       pg_catalog.format('%s is %s: %s', s.name, case s.setting when '-1' then 'off' else pg_catalog.concat(s.setting, s.unit) end,
                         w.consequence) as detail,
       pg_catalog.jsonb_build_object(
         'value', s.setting,
         'statement', pg_catalog.format('alter system set %s = %L; select pg_reload_conf();', s.name, w.value)) as data
  from wanted w
  join pg_catalog.pg_settings s on s.name = w.name
 where case s.vartype when 'bool' then s.setting = 'off' when 'integer' then s.setting::int8 not between 0 and 600000 end
 order by s.name;
