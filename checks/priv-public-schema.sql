--! title: Not everybody may create in a schema
--! severity: high
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_namespace
--! params: public_grants
--! why: Whoever may create in a schema that others search puts functions and operators there that are found before the ones that are meant,
--!   and run with the rights of whoever comes by. Databases that were made before PostgreSQL 15 still have it on public.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
--!   CIS PostgreSQL 17: 4.10
select n.nspname as object,
       pg_catalog.format('every role may create in schema %I: what others call in it may be theirs', n.nspname) as detail,
       pg_catalog.jsonb_build_object('statement', pg_catalog.format('revoke create on schema %I from public;', n.nspname)) as data
  from pg_catalog.pg_namespace n
 cross join lateral pg_catalog.aclexplode(n.nspacl) as a
 where a.grantee = 0
   and a.privilege_type = 'CREATE'
   -- Those of sessions, which end with them.
   and n.nspname !~ '^pg_(toast_)?temp_'
   and not exists (select from pg_catalog.jsonb_array_elements($1) as p(entry)
                    where p.entry ->> 'kind' = 'schema' and n.nspname ~ (p.entry ->> 'name') and p.entry -> 'privileges' ? 'CREATE')
 group by n.nspname
 order by n.nspname;
