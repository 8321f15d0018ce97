--! title: The server is set as the project says
--! severity: medium
--! group: settings
--! scope: cluster
--! needs: select pg_catalog.pg_settings
--! params: wanted_settings
--! why: A value somebody tried out by hand, or one that a new machine did not get, is found in the incident it causes. What counts is what the
--!   server runs with; numbers are compared in their units, booleans and words in all their spellings.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES
--!   CIS PostgreSQL 18: 6.2, 6.3, 6.4, 6.5, 6.6
with unit(name, kind, size) as (
  values ('B', 'bytes', 1::numeric), ('kB', 'bytes', 1024), ('8kB', 'bytes', pg_catalog.current_setting('block_size')::numeric),
         ('MB', 'bytes', 1048576), ('GB', 'bytes', 1073741824), ('TB', 'bytes', 1099511627776),
         ('us', 'time', 0.001), ('ms', 'time', 1), ('s', 'time', 1000), ('min', 'time', 60000), ('h', 'time', 3600000), ('d', 'time', 86400000)
), wanted as (
  select w.key as name, w.value, s.name as known, s.setting, s.unit, s.vartype, s.context, s.source,
         -- What the server was told to work out by itself.
         s.source in ('default', 'override') and s.boot_val = w.value as is_computed,
         s.source in ('default', 'environment variable', 'configuration file', 'command line', 'override') as is_servers,
         -- A number with or without a unit.
         pg_catalog.regexp_match(w.value, '^\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*([A-Za-z]*)\s*$') as parts
    from pg_catalog.jsonb_each_text($1) as w
    left join pg_catalog.pg_settings s on pg_catalog.lower(s.name) = pg_catalog.lower(w.key)
), numbers as (
  select w.*,
         case
           when w.vartype not in ('integer', 'real') or w.parts is null then null
           -- Modes of files are octal, and shown so.
           when w.vartype = 'integer' and w.setting ~ '^0[0-7]+$' then null
           when w.parts[2] = '' then w.parts[1]::numeric
           when a.kind = b.kind then w.parts[1]::numeric * a.size / b.size
         end as number
    from wanted w
    left join unit a on a.name = w.parts[2]
    left join unit b on b.name = w.unit
), compared as (
  select n.*,
         case
           when n.is_computed then true
           when n.number is not null then
             -- Whole numbers are rounded, as the server does.
             case n.vartype when 'integer' then pg_catalog.round(n.number) else pg_catalog.round(n.number, 9) end
               = case when n.setting ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$' then pg_catalog.round(n.setting::numeric, 9) end
           when n.vartype = 'bool' or n.setting in ('on', 'off') then
             n.setting = case
                           when pg_catalog.lower(pg_catalog.btrim(n.value)) ~ '^(on|t(r(ue?)?)?|y(es?)?|1)$' then 'on'
                           when pg_catalog.lower(pg_catalog.btrim(n.value)) ~ '^(off?|f(a(l(se?)?)?)?|no?|0)$' then 'off'
                           else pg_catalog.lower(pg_catalog.btrim(n.value))
                         end
           when n.vartype = 'enum' then pg_catalog.lower(n.setting) = pg_catalog.lower(pg_catalog.btrim(n.value))
           -- Lists are equal whatever blanks stand between their parts.
           else pg_catalog.regexp_replace(n.setting, '\s*,\s*', ',', 'g') = pg_catalog.regexp_replace(pg_catalog.btrim(n.value), '\s*,\s*', ',', 'g')
         end as equal
    from numbers n
), found as (
  select c.name as object,
         pg_catalog.format('%s is %s, and the project says %s', c.known,
                           case c.setting when '' then 'empty' else pg_catalog.quote_literal(pg_catalog.concat_ws(case when c.unit ~ '^[0-9]'
                             then ' x ' else '' end, c.setting, c.unit)) end,
                           pg_catalog.quote_literal(c.value)) as detail,
         case
           when c.context = 'internal' then pg_catalog.format('-- %s is made with the cluster: say in verify.settings what it is, or make another '
             'one', c.known)
           when c.source = 'command line' then pg_catalog.format('start the server with -c %s=%s', c.known, pg_catalog.quote_literal(c.value))
           else pg_catalog.format('alter system set %s = %s; %s', c.known, pg_catalog.quote_literal(c.value),
                                  case c.context when 'postmaster' then '-- then restart the server' else 'select pg_reload_conf();' end)
         end as statement,
         null::text as status
    from compared c
   where c.is_servers and c.equal is not true
  union all
  select c.name,
         pg_catalog.format('what %s is for the server is hidden from this session by an override (source: %s)', c.known, c.source),
         pg_catalog.format('run dbctl verify in a session that does not set %s', c.known),
         'unknown'
    from compared c
   where not c.is_servers
  union all
  select c.name,
         case when v.all_of_it then pg_catalog.format('the server has no setting %s, and the project says %s', c.name,
           pg_catalog.quote_literal(c.value))
              else pg_catalog.format('role %I may not see the setting %s, or there is none', current_user, c.name) end,
         case when v.all_of_it then 'correct its name in verify.settings, or preload the library it belongs to'
              else pg_catalog.format('grant pg_read_all_settings to %I;', current_user) end,
         case when not v.all_of_it then 'unknown' end
    from compared c
   cross join (select pg_catalog.pg_has_role('pg_read_all_settings', 'usage') as all_of_it) as v
   where c.known is null
)
select f.object,
       f.detail,
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('statement', f.statement, 'status', f.status)) as data
  from found f
 order by f.object;
