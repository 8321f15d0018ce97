--! title: Messages and numbers are written as the project wants
--! severity: low
--! group: locale
--! scope: cluster
--! needs: unoverridden lc_messages, unoverridden lc_monetary, unoverridden lc_numeric, unoverridden lc_time,
--!   select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database
--! params: lc_settings
--! why: Log readers, alert rules and people searching for an error know the English text. With another lc_messages they find nothing, and
--!   with lc_* set for one role, to_char() writes other months and decimal points there.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-client.html#RUNTIME-CONFIG-CLIENT-FORMAT
with wanted as (
  select n.name,
         $1 ->> n.name as value,
         -- C, POSIX, none at all and any English are read alike by log readers.
         case
           when $1 ->> n.name is not null then '^' || pg_catalog.regexp_replace($1 ->> n.name, '([^A-Za-z0-9])', '\\\1', 'g') || '$'
           when n.name = 'lc_messages' then '^((c|posix|en)([._@].*)?)?$'
         end as pattern
    from (values ('lc_messages'), ('lc_monetary'), ('lc_numeric'), ('lc_time')) as n(name)
), overrides as (
  select w.name,
         pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) as value,
         coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    join wanted w on w.name = pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1))
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
), found as (
  select s.name as object,
         case
           when s.name = 'lc_messages' then
             pg_catalog.format('the server writes its messages in %s: log readers and alert rules do not find the text they know', s.setting)
           else
             pg_catalog.format('%s is %s instead of %s: to_char() writes other names and separators than the project expects',
                               s.name, s.setting, w.value)
         end as detail,
         s.setting as value,
         pg_catalog.format('alter system set %s = %L; select pg_reload_conf();', s.name, coalesce(w.value, 'C')) as statement
    from wanted w
    join pg_catalog.pg_settings s on s.name = w.name
   where s.setting !~* w.pattern
  union all
  select o.name || ' of ' || o.subject,
         pg_catalog.format('%s has %s %s of its own: it gets other texts than the rest', o.subject, o.name, o.value),
         o.value,
         pg_catalog.format('alter %s reset %s;', o.subject, o.name)
    from overrides o
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('value', f.value, 'statement', f.statement) as data
  from found f
 order by f.object;
