--! title: Only listed roles may install trusted extensions
--! severity: medium
--! group: extensions
--! scope: database
--! needs: select pg_catalog.pg_database, select pg_catalog.pg_roles, select pg_catalog.pg_available_extension_versions
--! params: database_creators
--! why: A trusted extension needs no superuser: CREATE on the database is enough, which is the first line in the description of several
--!   holes. The right also lets a role make schemas of its own, outside every rule of the project.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createextension.html
--!   CIS PostgreSQL 18: 4.5
with trusted as (
  select pg_catalog.count(distinct v.name) as number
    from pg_catalog.pg_available_extension_versions v
   where v.trusted
)
select coalesce(r.rolname, 'public') as object,
       pg_catalog.format('%s may create in database %I: schemas of its own, and any of the %s trusted extensions, those with open holes too',
                         case when a.grantee = 0 then 'every role' else pg_catalog.format('role %I', r.rolname) end, d.datname, t.number) as detail,
       pg_catalog.jsonb_build_object(
         'role', coalesce(r.rolname, 'public'),
         'database', d.datname,
         'statement', pg_catalog.format('revoke create on database %I from %s;', d.datname,
                                        case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end)) as data
  from pg_catalog.pg_database d
 cross join trusted t
 cross join lateral pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) as a
  left join pg_catalog.pg_roles r on r.oid = a.grantee
 where d.datname = pg_catalog.current_database()
   and a.privilege_type = 'CREATE'
   and a.grantee <> d.datdba
   and (a.grantee = 0 or not r.rolsuper and r.rolname <> all ($1))
 order by 1;
