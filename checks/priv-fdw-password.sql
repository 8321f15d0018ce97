--! title: User mappings keep no password, and none does without one
--! severity: medium
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_user_mapping, select pg_catalog.pg_foreign_server, select pg_catalog.pg_roles
--! why: A password in a user mapping stands in the catalog in clear text, and in every dump. With password_required=false a role goes to the
--!   other server as the account of this one, which is superuser wherever that is trusted. To see the options of others is to read their
--!   passwords, and whoever runs the checks without that is told so. `dbctl verify --print-grants` does not grant it.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/postgres-fdw.html#POSTGRES-FDW-OPTIONS-CONNECTION
--!   https://www.postgresql.org/docs/current/view-pg-user-mappings.html
with mapping as (
  select pg_catalog.format('user mapping for %s on server %I',
                           case when m.umuser = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end, s.srvname) as name,
         pg_catalog.format('user mapping for %s server %I',
                           case when m.umuser = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end, s.srvname) as subject,
         m.umuser = 0 as is_shared, pg_catalog.lower(pg_catalog.split_part(o.entry, '=', 1)) as option,
         pg_catalog.split_part(o.entry, '=', 1) as written, pg_catalog.split_part(o.entry, '=', 2) as value
    from pg_catalog.pg_user_mapping m
    join pg_catalog.pg_foreign_server s on s.oid = m.umserver
    left join pg_catalog.pg_roles r on r.oid = m.umuser
   cross join lateral pg_catalog.unnest(m.umoptions) as o(entry)
)
select pg_catalog.format('%s: %s', m.name, m.written) as object,
       case when m.option = 'password_required'
            then pg_catalog.format('%s needs no password: it goes there as the account of the server', m.name)
            else pg_catalog.format('%s keeps %s in clear text%s', m.name, m.written,
                                   case when m.is_shared then ', for everybody' end) end as detail,
       pg_catalog.jsonb_build_object(
         'severity', case when m.option = 'password_required' or m.is_shared then 'high' else 'medium' end,
         'statement',
         case when m.option = 'password_required'
              then pg_catalog.format('alter %s options (set %I ''true'');', m.subject, m.written)
              else pg_catalog.format('alter %s options (drop %I); -- use a passfile, a certificate, or since 18 use_scram_passthrough',
                                     m.subject, m.written) end) as data
  from mapping m
 where case when m.option = 'password_required' then pg_catalog.lower(m.value) in ('false', 'off', 'no', '0')
            else m.option ~ '^(.*_)?(ssl)?(password|passwd|pwd|secret|token|api_?key)$' and m.value <> '' end
 order by 1;
