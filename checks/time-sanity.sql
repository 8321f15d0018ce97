--! title: Dates are read and written the ISO way everywhere
--! severity: low
--! group: time
--! scope: cluster
--! needs: unoverridden DateStyle, unoverridden timezone_abbreviations, setting integer_datetimes, select pg_catalog.pg_db_role_setting,
--!   select pg_catalog.pg_roles, select pg_catalog.pg_database
--! why: With another DateStyle the text of a date means another day (01/02 is January or February), and with other abbreviations IST or
--!   EST is another zone. Dumps, copies and log readers that carry dates as text then change them silently.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-DATESTYLE
--!   https://www.postgresql.org/docs/current/datetime-config-files.html
with wanted(name, pattern, value) as (
  values ('DateStyle', '^iso', 'ISO, MDY'),
         ('timezone_abbreviations', '^default$', 'Default'),
         -- Fixed when the server is built; off would be a server nobody has made since 2009.
         ('integer_datetimes', '^on$', 'on')
), overrides as (
  select w.name,
         pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) as value,
         coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    join wanted w on pg_catalog.lower(w.name) = pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1))
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
   where pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) !~* w.pattern
), found as (
  select s.name as object,
         pg_catalog.format('%s is %s instead of %s: text that looks like a date is read as another day or hour',
                           s.name, s.setting, w.value) as detail,
         s.setting as value,
         pg_catalog.format('alter system set %s = %L; select pg_reload_conf();', pg_catalog.lower(s.name), w.value) as statement
    from wanted w
    join pg_catalog.pg_settings s on s.name = w.name
   where s.setting !~* w.pattern
  union all
  select o.name || ' of ' || o.subject,
         pg_catalog.format('%s has %s %s of its own: it reads and writes other dates than the rest', o.subject, o.name, o.value),
         o.value,
         pg_catalog.format('alter %s reset %s;', o.subject, pg_catalog.lower(o.name))
    from overrides o
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('value', f.value, 'statement', f.statement) as data
  from found f
 order by f.object;
