--! title: No application role owns what it uses
--! severity: high
--! group: privileges
--! scope: database
--! since: 16
--! needs: select pg_catalog.pg_shdepend, select pg_catalog.pg_roles, select pg_catalog.pg_auth_members, select pg_catalog.pg_database,
--!   select pg_catalog.pg_depend
--! params: app_roles
--! why: An owner is held by no revoke: it grants itself what was taken, switches triggers and row-level security off, and drops. Whoever takes
--!   over the application has all of that, also where it only is a member of the role that owns.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-priv.html
--!   CIS PostgreSQL 18: 4.6
with recursive owned as (
  select o.oid as owner, o.rolname, i.type, i.identity
    from pg_catalog.pg_shdepend d
    join pg_catalog.pg_roles o on o.oid = d.refobjid
    join pg_catalog.pg_database b on b.datname = pg_catalog.current_database()
   cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, 0) as i
   where d.refclassid = 'pg_catalog.pg_authid'::regclass
     and d.deptype = 'o'
     and o.rolname = any ($1)
     -- Large objects are nobody's schema, and default privileges are told by priv-default-acl.
     and d.classid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_namespace'::regclass,
                       'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_database'::regclass, 'pg_catalog.pg_foreign_server'::regclass)
     and (d.dbid = b.oid or d.dbid = 0 and d.objid = b.oid)
     -- Temporary tables are its own.
     and coalesce(i.schema, i.name, '') !~ '^pg_(toast_)?temp'
     -- What belongs to an extension, a multirange to its range, a sequence to its column.
     and not exists (select from pg_catalog.pg_depend e
                      where e.classid = d.classid and e.objid = d.objid
                        and (e.deptype in ('e', 'i') or e.deptype = 'a' and i.type = 'sequence'))
), maker as (
  select distinct d.refobjid as role
    from pg_catalog.pg_shdepend d
    join pg_catalog.pg_database b on b.oid = d.dbid and b.datname = pg_catalog.current_database()
   where d.refclassid = 'pg_catalog.pg_authid'::regclass
     and d.deptype = 'o'
     and d.classid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_namespace'::regclass)
), step as (
  -- From each owner back to who has its rights. be: as SET ROLE makes it, or by a grant to oneself; else: by inheriting its rights.
  select r.oid as target, null::oid as by, r.oid as role, false as be
    from maker m join pg_catalog.pg_roles r on r.oid = m.role and not r.rolsuper and r.rolname <> all ($1)
  union
  select s.target, case when e.role = s.target then null else coalesce(s.by, e.role) end, e.role, e.be
    from step s
   cross join lateral (
     select m.member, true from pg_catalog.pg_auth_members m where s.be and m.roleid = s.role and m.set_option
     union all
     -- A superuser alone grants membership in one.
     select m.member, false
       from pg_catalog.pg_auth_members m
       join pg_catalog.pg_roles g on g.oid = m.roleid and not g.rolsuper
      where s.be and m.roleid = s.role and m.admin_option
     union all
     select m.member, false from pg_catalog.pg_auth_members m where not s.be and m.roleid = s.role and m.inherit_option
     union all
     select s.role, true where not s.be
   ) as e(role, be)
), heir as (
  select case when h.rolname = any ($1) then b.rolname else h.rolname end as name
    from pg_catalog.pg_database d
    join pg_catalog.pg_roles h on h.oid = d.datdba
    join pg_catalog.pg_roles b on b.oid = 10
   where d.datname = pg_catalog.current_database()
), found as (
  select pg_catalog.format('%s %s', o.type, o.identity) as object,
         pg_catalog.format('%s %s belongs to the application role %I', o.type, o.identity, o.rolname) as detail,
         pg_catalog.format('alter %s %s owner to %I;', o.type, o.identity, h.name) as statement
    from owned o cross join heir h
  union all
  select pg_catalog.format('%s as %s', r.rolname, t.rolname),
         pg_catalog.format('the application role %I has the rights of %I%s, which owns tables or schemas', r.rolname, t.rolname,
                           case when pg_catalog.bool_and(s.by <> r.oid)
                                then ' through ' || pg_catalog.string_agg(distinct pg_catalog.quote_ident(b.rolname), ', ') end),
         pg_catalog.string_agg(distinct pg_catalog.format('revoke %I from %I granted by %I;', t.rolname, b.rolname, g.rolname), ' ')
    from step s
    join pg_catalog.pg_roles r on r.oid = s.role and r.rolname = any ($1)
    join pg_catalog.pg_roles t on t.oid = s.target
    join pg_catalog.pg_roles b on b.oid = s.by
    join pg_catalog.pg_auth_members m on m.roleid = s.target and m.member = s.by
    join pg_catalog.pg_roles g on g.oid = m.grantor
   where s.be
   group by r.rolname, t.rolname
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 order by f.object;
