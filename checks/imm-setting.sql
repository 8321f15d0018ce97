--! title: No setting that switches triggers or checksums off is set, or may be
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_parameter_acl, select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database,
--!   select pg_catalog.pg_settings
--! params: protected_tables
--! why: With event_triggers = off all DDL is open; session_replication_role = replica turns off foreign keys and every trigger that is not enabled
--!   ALWAYS; allow_system_table_mods and ignore_checksum_failure serve those who edit catalogs and pages; zero_damaged_pages empties pages.
--!   All are for superusers, unless granted with GRANT SET ON PARAMETER, or set for a role, a database or the server, where they act unseen.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-client.html
--!   https://www.postgresql.org/docs/current/runtime-config-developer.html
--!   https://www.postgresql.org/docs/current/sql-grant.html
with watched(name, wanted, rank) as (
  values ('event_triggers', 'on', 1), ('session_replication_role', 'origin', 1), ('allow_system_table_mods', 'off', 1),
         ('ignore_checksum_failure', 'off', 2), ('zero_damaged_pages', 'off', 1)
), granted as (
  select pg_catalog.format('parameter %s: %s', p.parname, g.grantee) as name,
         pg_catalog.format('%s may %s the parameter %s', g.grantee, pg_catalog.string_agg(g.privilege_type, ' and ' order by g.privilege_type),
                           p.parname) as detail,
         w.rank,
         pg_catalog.format('revoke %s on parameter %s from %s;', pg_catalog.string_agg(pg_catalog.lower(g.privilege_type), ', '
                           order by g.privilege_type), p.parname, g.grantee) as statement
    from pg_catalog.pg_parameter_acl p
    join watched w on w.name = p.parname
   cross join lateral (
           select x.privilege_type, case when x.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end as grantee
             from pg_catalog.aclexplode(p.paracl) x
             left join pg_catalog.pg_roles r on r.oid = x.grantee
            where x.grantee = 0 or not r.rolsuper) g
   group by p.parname, g.grantee, w.rank
), override as (
  select w.name, w.wanted, w.rank, pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) as value,
         coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from pg_catalog.pg_db_role_setting o
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    join watched w on w.name = pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1))
   where o.setdatabase = 0 or d.datname = pg_catalog.current_database()
), found as (
  select g.name, g.detail, g.rank, g.statement from granted g
  union all
  select pg_catalog.concat(o.subject, ': ', o.name),
         pg_catalog.format('%s has %s = %s', o.subject, o.name, o.value),
         o.rank,
         pg_catalog.format('alter %s reset %s;', o.subject, o.name)
    from override o
   where case when o.name = 'session_replication_role' then pg_catalog.lower(o.value) = 'replica'
              else o.value::boolean <> o.wanted::boolean end
  union all
  select pg_catalog.concat('server: ', s.name),
         pg_catalog.format('the server has %s = %s', s.name, s.setting),
         w.rank,
         pg_catalog.format('alter system reset %I; select pg_catalog.pg_reload_conf(); -- and take it out of postgresql.conf', s.name)
    from pg_catalog.pg_settings s
    join watched w on w.name = s.name
   where s.source in ('default', 'environment variable', 'configuration file', 'command line', 'override')
     and s.setting not in (w.wanted, 'local')
)
select f.name as object,
       pg_catalog.format('%s: the guards of %s rely on it', f.detail,
                         case pg_catalog.jsonb_array_length($1) when 1 then 'an append-only table'
                              else pg_catalog.format('%s append-only tables', pg_catalog.jsonb_array_length($1)) end) as detail,
       pg_catalog.jsonb_build_object('severity', case f.rank when 1 then 'high' else 'medium' end, 'statement', f.statement) as data
  from found f
 order by f.name;
