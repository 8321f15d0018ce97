--! title: No setting that is meant for rescuing broken data is on
--! severity: critical
--! group: settings
--! scope: cluster
--! needs: unoverridden zero_damaged_pages, unoverridden ignore_checksum_failure, setting ignore_invalid_pages,
--!   unoverridden ignore_system_indexes, unoverridden allow_system_table_mods, unoverridden lo_compat_privileges,
--!   select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database
--! why: These are for one session of somebody who rescues what is left of a broken cluster. Left on, they turn damage into
--!   missing rows without an error, let catalogs be edited by hand, or take the permission checks off large objects.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-developer.html
--!   https://www.postgresql.org/docs/current/runtime-config-compatible.html#GUC-LO-COMPAT-PRIVILEGES
--!   CIS PostgreSQL 18: 6.5
with dangerous(name, severity, consequence) as (
  values ('zero_damaged_pages', 'critical', 'damaged pages are emptied in memory and their rows are gone without an error'),
         ('ignore_checksum_failure', 'critical', 'damaged pages are read as if they were right'),
         ('ignore_invalid_pages', 'critical', 'recovery goes on past pages that are missing, and data is lost'),
         ('allow_system_table_mods', 'high', 'a superuser can change and drop system catalogs'),
         ('ignore_system_indexes', 'medium', 'system catalogs are read from end to end: sessions are slow, and damage to their indexes is hidden'),
         ('lo_compat_privileges', 'high', 'every role may read, change and remove every large object')
), overrides as (
  select pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) as name,
         coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
   -- As a role may spell it; a cast could meet the value of another setting.
   where pg_catalog.split_part(c.entry, '=', 2) ~* '^(on|1|t(r(ue?)?)?|y(es?)?)$'
), found as (
  select w.name as object,
         pg_catalog.format('%s is on for the whole server: %s', w.name, w.consequence) as detail,
         w.severity,
         case
           when s.source = 'command line' then pg_catalog.format('start the server without -c %s', s.name)
           else pg_catalog.format('alter system set %s = off; %s', s.name,
                                  case s.context when 'postmaster' then '-- then restart the server' else 'select pg_reload_conf();' end)
         end as statement
    from dangerous w
    join pg_catalog.pg_settings s on s.name = w.name
   where s.setting = 'on'
  union all
  select w.name || ' of ' || o.subject,
         pg_catalog.format('%s has %s on: %s', o.subject, w.name, w.consequence),
         w.severity,
         pg_catalog.format('alter %s reset %s;', o.subject, w.name)
    from overrides o
    join dangerous w on w.name = o.name
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
