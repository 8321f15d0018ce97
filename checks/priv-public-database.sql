--! title: Only roles that need it may connect and make temporary tables
--! severity: medium
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_database, select pg_catalog.pg_roles
--! params: public_grants, vendors
--! why: A new database lets every role of the cluster connect, and make temporary tables: the login of another project gets in, reads the
--!   catalogs with the bodies of all functions, and shadows tables that a function does not name with their schema.
--! fix: {statement:sql} -- once every role that logs in here has been granted connect by itself
--! refs: https://www.postgresql.org/docs/current/ddl-priv.html
--!   CIS PostgreSQL 18: 4.6
with vendor as (
  select pg_catalog.jsonb_array_elements_text(v.entry -> 'roles') as name
    from pg_catalog.jsonb_array_elements($2) as v(entry)
   where pg_catalog.current_setting(v.entry ->> 'setting', true) is not null
      or exists (select from pg_catalog.pg_roles b where b.oid = 10 and v.entry -> 'superusers' ? b.rolname::text)
), open as (
  select d.datname,
         d.datname = pg_catalog.current_database() as is_here,
         pg_catalog.string_agg(a.privilege_type, ' and ' order by a.privilege_type) as privileges,
         pg_catalog.format('revoke %s on database %I from public;',
                           pg_catalog.lower(pg_catalog.string_agg(a.privilege_type, ', ' order by a.privilege_type)), d.datname) as statement
    from pg_catalog.pg_database d
    left join pg_catalog.pg_roles o on o.oid = d.datdba
   cross join lateral pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) as a
   where d.datallowconn
     and a.grantee = 0
     and a.privilege_type in ('CONNECT', 'TEMPORARY')
     and (d.datname = pg_catalog.current_database() or coalesce(o.rolname::text not in (select v.name from vendor v), true))
     and not (d.datname = pg_catalog.current_database()
              and exists (select from pg_catalog.jsonb_array_elements($1) as p(entry)
                           where p.entry ->> 'kind' = 'database' and p.entry -> 'privileges' ? a.privilege_type))
   group by d.datname
), found as (
  select o.datname::text as object,
         pg_catalog.format('every role of the cluster has %s on database %I', o.privileges, o.datname) as detail,
         'medium' as severity,
         o.statement
    from open o
   where o.is_here
  union all
  -- They are not what the project is about, and a role that gets in there reads the roles and settings of the cluster.
  select 'other databases',
         'every role of the cluster may connect to ' || pg_catalog.string_agg(pg_catalog.quote_ident(o.datname), ', ' order by o.datname),
         'low',
         pg_catalog.string_agg(o.statement, ' ' order by o.datname)
    from open o
   where not o.is_here and o.privileges like '%CONNECT%'
  having pg_catalog.count(*) > 0
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
