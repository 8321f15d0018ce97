--! title: User mappings keep no password, and none does without one
--! severity: medium
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_user_mappings, select pg_catalog.pg_foreign_server, select pg_catalog.pg_roles
--! why: A password in a user mapping stands in the catalog in clear text, and in every dump. With password_required=false a role goes to the
--!   other server as the account of this one, which is superuser wherever that is trusted. To see the options of others is to read their
--!   passwords: each mapping whose options are hidden is told as such, and `dbctl verify --print-grants` does not open them.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/postgres-fdw.html#POSTGRES-FDW-OPTIONS-CONNECTION
--!   https://www.postgresql.org/docs/current/view-pg-user-mappings.html
with mapping as (
  select pg_catalog.format('user mapping for %s on server %I',
                           case when m.umuser = 0 then 'public' else pg_catalog.quote_ident(m.usename) end, m.srvname) as name,
         pg_catalog.format('user mapping for %s server %I',
                           case when m.umuser = 0 then 'public' else pg_catalog.quote_ident(m.usename) end, m.srvname) as subject,
         m.umuser = 0 as is_shared,
         m.umoptions as options,
         -- As the view decides: no options and hidden options are both null in it.
         coalesce((select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user), false)
           or m.usename = current_user
           or (m.umuser = 0 and pg_catalog.pg_has_role(s.srvowner, 'usage')) as is_shown
    from pg_catalog.pg_user_mappings m
    join pg_catalog.pg_foreign_server s on s.oid = m.srvid
), entry as (
  select m.name, m.subject, m.is_shared,
         pg_catalog.lower(pg_catalog.split_part(o.entry, '=', 1)) as option,
         pg_catalog.split_part(o.entry, '=', 1) as written,
         pg_catalog.split_part(o.entry, '=', 2) as value
    from mapping m
   cross join lateral pg_catalog.unnest(m.options) as o(entry)
), found as (
  select pg_catalog.format('%s: %s', e.name, e.written) as object,
         case when e.option = 'password_required'
              then pg_catalog.format('%s needs no password: it goes there as the account of the server', e.name)
              else pg_catalog.format('%s keeps %s in clear text%s', e.name, e.written,
                                     case when e.is_shared then ', for everybody' end) end as detail,
         case when e.option = 'password_required' or e.is_shared then 'high' else 'medium' end as severity,
         null::text as status,
         case when e.option = 'password_required'
              then pg_catalog.format('alter %s options (set %I ''true'');', e.subject, e.written)
              else pg_catalog.format('alter %s options (drop %I); -- use a passfile, a certificate, or since 18 use_scram_passthrough',
                                     e.subject, e.written) end as statement
    from entry e
   where case when e.option = 'password_required' then pg_catalog.lower(e.value) in ('false', 'off', 'no', '0')
              else e.option ~ '^(.*_)?(ssl)?(password|passwd|pwd|secret|token|api_?key)$' and e.value <> '' end
  union all
  select m.name,
         pg_catalog.format('the options of the %s are hidden from role %I', m.name, current_user),
         'medium',
         'unknown',
         'run dbctl verify as a superuser: who sees the options of a user mapping reads the password in it'
    from mapping m
   where not m.is_shown and m.options is null
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'status', f.status, 'statement', f.statement) as data
  from found f
 order by f.object;
