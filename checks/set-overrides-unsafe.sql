--! title: No role or database has a setting of its own that lets others into its sessions
--! severity: high
--! group: settings
--! scope: database
--! needs: select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database, select pg_catalog.pg_namespace
--! why: Settings of a role or a database act at login, unseen in postgresql.conf. A search_path over a schema where others may create lets
--!   them put their own functions and operators before the ones that are meant, and they run with the rights of whoever comes by. A library
--!   to load is code in every session. With row_security off a role is refused where it should see its own rows.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
--!   https://www.postgresql.org/docs/current/runtime-config-client.html#RUNTIME-CONFIG-CLIENT-PRELOAD
--!   CIS PostgreSQL 18: 6.6
with entries as (
  select o.setdatabase, o.setrole,
         pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) as name,
         pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) as value,
         -- PostgreSQL's order: role in database, role, database, all.
         case when o.setrole <> 0 and o.setdatabase <> 0 then 4 when o.setrole <> 0 then 3 when o.setdatabase <> 0 then 2 else 1 end as rank
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
), effective as (
  -- What each login role gets in this database. A group role's setting reaches nobody.
  select distinct on (e.name, r.oid) e.setdatabase, e.setrole, e.name, e.value, r.rolsuper or r.rolbypassrls as sees_all_rows
    from entries e
    join pg_catalog.pg_database d on d.datname = pg_catalog.current_database() and e.setdatabase in (0, d.oid)
    join pg_catalog.pg_roles r on r.rolcanlogin and e.setrole in (0, r.oid)
   where e.name in ('search_path', 'row_security', 'session_preload_libraries', 'local_preload_libraries')
   order by e.name, r.oid, e.rank desc
), overrides as (
  select e.name, e.value,
         coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject,
         r.rolname,
         -- For an entry of many roles: all of those that it reaches.
         pg_catalog.bool_and(e.sees_all_rows) as sees_all_rows
    from effective e
    left join pg_catalog.pg_roles r on r.oid = e.setrole
    left join pg_catalog.pg_database d on d.oid = e.setdatabase
   group by e.name, e.value, r.rolname, d.datname
), path as (
  -- Names of a path are bare words or quoted; pg_db_role_setting keeps them as they were given, with quotes doubled inside.
  select o.subject,
         o.rolname,
         coalesce(pg_catalog.replace(m.part[1], '""', '"'), pg_catalog.lower(m.part[2])) as schema
    from overrides o
   cross join lateral pg_catalog.regexp_matches(o.value, '"((?:[^"]|"")*)"|([^",[:space:]]+)', 'g') as m(part)
   where o.name = 'search_path'
), writable as (
  select distinct p.subject, n.nspname,
         case when a.grantee = 0 then 'everybody' else pg_catalog.quote_ident(g.rolname) end as grantee,
         case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(g.rolname) end as named
    from path p
    join pg_catalog.pg_namespace n on n.nspname = case p.schema when '$user' then p.rolname else p.schema end
   cross join lateral pg_catalog.aclexplode(n.nspacl) as a
    left join pg_catalog.pg_roles g on g.oid = a.grantee
   where a.privilege_type = 'CREATE'
     and a.grantee <> n.nspowner
     and (a.grantee = 0 or not g.rolsuper and g.rolname is distinct from p.rolname)
), found as (
  select pg_catalog.format('search_path of %s: %I', w.subject, w.nspname) as object,
         pg_catalog.format('%s has schema %I in its search_path, and %s may create there: what it calls may be theirs',
                           w.subject, w.nspname, pg_catalog.string_agg(w.grantee, ', ' order by w.grantee)) as detail,
         'high' as severity,
         pg_catalog.format('revoke create on schema %I from %s;', w.nspname,
                           pg_catalog.string_agg(w.named, ', ' order by w.named)) as statement
    from writable w
   group by w.subject, w.nspname
  union all
  select pg_catalog.format('%s of %s', o.name, o.subject),
         pg_catalog.format('%s loads %s into every session of its own: code that runs with all rights of whoever logs in',
                           o.subject, o.value),
         'high',
         pg_catalog.format('alter %s reset %s;', o.subject, o.name)
    from overrides o
   where o.name in ('session_preload_libraries', 'local_preload_libraries')
     and pg_catalog.btrim(o.value, ' "') <> ''
  union all
  select 'row_security of ' || o.subject,
         pg_catalog.format('%s has row_security off: a query on a table with policies fails, instead of returning the rows it may see',
                           o.subject),
         'medium',
         pg_catalog.format('alter %s reset row_security;', o.subject)
    from overrides o
   where o.name = 'row_security'
     and o.value ~* '^(off?|0|f(a(l(se?)?)?)?|no?)$'
     -- Dumps want it off, so that rows a policy hides are an error and not a gap.
     and o.sees_all_rows is not true
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
