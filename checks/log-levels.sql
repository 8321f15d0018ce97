--! title: Warnings are logged, and errors with the statement that made them
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: unoverridden log_min_messages, unoverridden log_min_error_statement, select pg_catalog.pg_db_role_setting,
--!   select pg_catalog.pg_roles, select pg_catalog.pg_database
--! why: Above warning the server keeps to itself that a collation does not fit, that a transaction id is running out, or that
--!   it could not archive. Above error a failed statement is in the log without its text, and attempts to break in look like typing errors.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-MIN-MESSAGES
--!   CIS PostgreSQL 18: 3.1.14, 3.1.15
with wanted(name, usual, too_high, consequence) as (
  values ('log_min_messages', 'warning', '{error,log,fatal,panic}'::text[], 'warnings are not in the log'),
         ('log_min_error_statement', 'error', '{log,fatal,panic}', 'errors are in the log without the statement that made them')
), overrides as (
  select w.name,
         pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 2)) as value,
         w.consequence,
         coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    join wanted w on w.name = pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1))
                 and pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 2)) = any (w.too_high)
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
   where o.setrole = 0 or r.rolcanlogin
), found as (
  select s.name as object,
         pg_catalog.format('%s is %s: %s', s.name, s.setting, w.consequence) as detail,
         pg_catalog.format('alter system set %s = %s; select pg_reload_conf();', s.name, w.usual) as statement
    from wanted w
    join pg_catalog.pg_settings s on s.name = w.name and s.setting = any (w.too_high)
  union all
  select o.name || ' of ' || o.subject,
         pg_catalog.format('%s has %s %s of its own: of its sessions, %s', o.subject, o.name, o.value, o.consequence),
         pg_catalog.format('alter %s reset %s;', o.subject, o.name)
    from overrides o
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 order by f.object;
