--! title: No role, database or session has a time zone of its own
--! severity: medium
--! group: time
--! scope: cluster
--! needs: select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database, select pg_catalog.pg_settings
--! params: timezones, timezone
--! why: A time zone set for a role or a database wins over the server's without a trace in postgresql.conf: one application writes and reads
--!   days that are shifted against everybody else's.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/config-setting.html
--!   CIS PostgreSQL 18: 6.6
with overrides as (
  select o.setdatabase,
         o.setrole,
         pg_catalog.split_part(c.entry, '=', 2) as value,
         -- PostgreSQL's order: role in database, role, database, all.
         case when o.setrole <> 0 and o.setdatabase <> 0 then 4 when o.setrole <> 0 then 3 when o.setdatabase <> 0 then 2 else 1 end as rank
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
   where pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = 'timezone'
), effective as (
  -- What each login role gets in each database it could connect to. A group role's setting reaches nobody.
  select distinct on (d.oid, r.oid) o.setdatabase, o.setrole, o.value, d.datname, r.rolname
    from overrides o
    join pg_catalog.pg_database d on d.datallowconn and o.setdatabase in (0, d.oid)
    join pg_catalog.pg_roles r on r.rolcanlogin and o.setrole in (0, r.oid)
   order by d.oid, r.oid, o.rank desc
), wrong as (
  select e.setdatabase,
         e.setrole,
         e.value,
         pg_catalog.count(*) as pairs,
         pg_catalog.min(pg_catalog.format('role %I in database %I', e.rolname, e.datname)) as example
    from effective e
   where pg_catalog.lower(e.value) <> all ($1)
   group by e.setdatabase, e.setrole, e.value
), named as (
  select w.value,
         w.pairs,
         w.example,
         nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                     'database ' || pg_catalog.quote_ident(d.datname)), '') as subject
    from wrong w
    left join pg_catalog.pg_roles r on r.oid = w.setrole
    left join pg_catalog.pg_database d on d.oid = w.setdatabase
), found as (
  select coalesce(n.subject, 'role all') as object,
         pg_catalog.format('%s has time zone %s of its own: %s of role and database see other days and hours than the rest (such as %s)',
                           coalesce(n.subject, 'every role'), n.value,
                           n.pairs || case when n.pairs = 1 then ' pair' else ' pairs' end, n.example) as detail,
         n.value,
         pg_catalog.format('alter %s reset timezone;', coalesce(n.subject, 'role all')) as statement
    from named n
  union all
  select 'this session',
         pg_catalog.format('the machine dbctl runs on asks for time zone %s: programs started here see other days and hours than the rest',
                           s.setting),
         s.setting,
         'remove PGTZ, PGOPTIONS or options= in the URL that sets it'
    from pg_catalog.pg_settings s
   where s.name = 'TimeZone'
     and s.source = 'client'
     and pg_catalog.lower(s.setting) <> all ($1)
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('value', f.value, 'wanted', $2, 'statement', f.statement) as data
  from found f
 order by f.object;
