--! title: Roles that may copy the cluster have no other work
--! severity: medium
--! group: replication
--! scope: cluster
--! needs: select pg_catalog.pg_roles, select pg_catalog.pg_shdepend
--! why: REPLICATION reads every row of every database, past all grants and policies, by copying the files. On a role that is used for
--!   something else, whoever takes over that something has all of it. Superusers, who may do this anyway, are another matter.
--! fix: alter role {role} noreplication; -- and for standbys and backups: create role replicator login replication
--! refs: https://www.postgresql.org/docs/current/role-attributes.html
--!   https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-AUTHENTICATION
--!   CIS PostgreSQL 18: 7.1
select r.rolname as object,
       pg_catalog.format('role %I may copy the whole cluster and %s: whoever takes it over has every row of every database', r.rolname,
                         pg_catalog.concat_ws(' and ',
                           case when r.rolcreaterole then 'makes roles' end,
                           case when r.rolcreatedb then 'makes databases' end,
                           case when o.number > 0 then
                             pg_catalog.format('owns %s', o.number || case when o.number = 1 then ' object' else ' objects' end) end)) as detail,
       pg_catalog.jsonb_build_object('role', r.rolname) as data
  from pg_catalog.pg_roles r
 cross join lateral (
   select pg_catalog.count(*) as number
     from pg_catalog.pg_shdepend d
    where d.refclassid = 'pg_catalog.pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o'
 ) as o
 where r.rolreplication
   and not r.rolsuper
   and (r.rolcreaterole or r.rolcreatedb or o.number > 0)
 order by r.rolname;
