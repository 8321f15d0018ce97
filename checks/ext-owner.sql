--! title: No application role owns an extension
--! severity: medium
--! group: extensions
--! scope: database
--! needs: select pg_catalog.pg_extension, select pg_catalog.pg_roles, select pg_catalog.pg_database
--! params: app_roles
--! why: The owner of an extension may drop it, with cascade and all that depends on it, and move it to another schema. Whoever takes
--!   over the application can then do the same.
--! fix: reassign owned by {owner} to {heir}; -- gives away everything {owner} owns in this database: look at it first
--! refs: https://www.postgresql.org/docs/current/sql-reassign-owned.html
--!   CIS PostgreSQL 18: 4.3
select e.extname as object,
       pg_catalog.format('extension %I belongs to the application role %I: whoever takes over the application can drop it and all that depends on it',
                         e.extname, r.rolname) as detail,
       -- There is no ALTER EXTENSION ... OWNER. REASSIGN OWNED does move extensions (seen on 18.2).
       pg_catalog.jsonb_build_object('extension', e.extname, 'owner', r.rolname,
                                     'heir', case when h.rolname = any ($1) then b.rolname else h.rolname end) as data
  from pg_catalog.pg_extension e
  join pg_catalog.pg_roles r on r.oid = e.extowner
  join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()
  join pg_catalog.pg_roles h on h.oid = d.datdba
  join pg_catalog.pg_roles b on b.oid = 10
 where r.rolname = any ($1)
 order by e.extname;
