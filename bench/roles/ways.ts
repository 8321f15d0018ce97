/** The roles that somebody made, and the tables of the schemas of the bench: what every way is asked about. */
const ROLES = `(select r.oid from pg_catalog.pg_roles r where r.oid >= 16384)`;
const PRIVILEGES = `unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'])`;

/** One call for each role, table and privilege, and those counted that are true. */
export const MATRIX = /* sql */ `
select count(*) as n
from ${ROLES} r
cross join pg_catalog.pg_class c
cross join ${PRIVILEGES} as p (privilege)
where c.relkind = 'r' and c.relnamespace in (select n.oid from pg_catalog.pg_namespace n where n.nspname like 'bench\\_%')
  and pg_catalog.has_table_privilege(r.oid, c.oid, p.privilege)`;

/**
 * The same in the shape of the view table_permissions of pg_permissions: a row for each combination, with names, whether granted or not, and
 * the question about differences asked of these rows.
 */
export const PERMISSIONS_VIEW = /* sql */ `
select count(*) as n
from (
  select r.rolname as role_name, n.nspname as schema_name, c.relname as object_name, p.privilege as permission,
         pg_catalog.has_table_privilege(r.oid, c.oid, p.privilege) as granted
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join pg_catalog.pg_roles r
  cross join (values ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER'), ('MAINTAIN')) as p (privilege)
  where c.relkind in ('r', 'v') and n.nspname not in ('information_schema') and n.nspname not like 'pg\\_%' and not r.rolsuper
    and r.oid >= 16384
) as table_permissions
where table_permissions.granted`;

/** How many entries the ACLs of the tables have. */
export const ENTRIES = /* sql */ `
select pg_catalog.sum(pg_catalog.cardinality(c.relacl)) as n
from pg_catalog.pg_class c
join pg_catalog.pg_namespace s on s.oid = c.relnamespace
where s.nspname like 'bench\\_%' and c.relkind = 'r'`;
