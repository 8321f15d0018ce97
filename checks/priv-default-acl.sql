--! title: New objects are granted as roles.yaml says
--! severity: medium
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_default_acl, select pg_catalog.pg_roles, select pg_catalog.pg_namespace
--! params: default_privileges, vendors
--! why: Default privileges open the tables of tomorrow, which nobody looks at when they are made: one forgotten line, and each of them is
--!   readable for a role that was to see one. For routines and types it is the other way round: PUBLIC has them unless a default takes that
--!   away, and one for a single schema cannot (seen on 18.2).
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
--!   https://www.postgresql.org/docs/current/ddl-priv.html
with vendor as (
  select pg_catalog.jsonb_array_elements_text(v.entry -> 'roles') as name
    from pg_catalog.jsonb_array_elements($2) as v(entry)
   where pg_catalog.current_setting(v.entry ->> 'setting', true) is not null
      or exists (select from pg_catalog.pg_roles b where b.oid = 10 and v.entry -> 'superusers' ? b.rolname::text)
), creator as (
  select r.oid, r.rolname::text as name from pg_catalog.pg_roles r where $1 -> 'creators' ? r.rolname::text
), actual as (
  select r.rolname::text as creator, n.nspname::text as schema, d.defaclobjtype::text as type, coalesce(g.rolname::text, 'PUBLIC') as grantee,
         a.privilege_type as privilege
    from pg_catalog.pg_default_acl d
    join pg_catalog.pg_roles r on r.oid = d.defaclrole
    left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
   cross join lateral pg_catalog.aclexplode(d.defaclacl) as a
    left join pg_catalog.pg_roles g on g.oid = a.grantee
   where a.grantee <> d.defaclrole
  union all
  -- What holds where nobody said otherwise.
  select c.name, null, t.type, 'PUBLIC', a.privilege_type
    from creator c
   cross join (values ('f'), ('T')) as t(type)
   cross join lateral pg_catalog.aclexplode(pg_catalog.acldefault(t.type::"char", c.oid)) as a
   where a.grantee = 0
     and not exists (select from pg_catalog.pg_default_acl d
                      where d.defaclrole = c.oid and d.defaclnamespace = 0 and d.defaclobjtype = t.type::"char")
), wanted as (
  select w.entry ->> 'creator' as creator, w.entry ->> 'schema' as schema, w.entry ->> 'type' as type, w.entry ->> 'grantee' as grantee,
         p.privilege
    from pg_catalog.jsonb_array_elements($1 -> 'wanted') as w(entry)
   cross join lateral pg_catalog.jsonb_array_elements_text(w.entry -> 'privileges') as p(privilege)
), difference as (
  select 'revoke' as act, e.* from (select * from actual except select * from wanted) as e
   where case
           when $1 -> 'creators' = 'null' then
             -- What PostgreSQL itself does is told by priv-public-objects, object by object.
             e.grantee = 'PUBLIC' and not (e.schema is null and e.type in ('f', 'T'))
           when $1 -> 'creators' ? e.creator then e.schema is null or $1 -> 'schemas' ? e.schema or e.grantee = 'PUBLIC'
           -- What dbctl gives its auditors of its own tables is its own.
           else ($1 -> 'schemas' ? e.schema or e.grantee = 'PUBLIC' and not (e.schema is null and e.type in ('f', 'T')))
         end
  union all
  select 'grant', e.* from (select * from wanted except select * from actual) as e
   where e.creator in (select c.name from creator c)
     and (e.schema is null or pg_catalog.to_regnamespace(pg_catalog.quote_ident(e.schema)) is not null)
), grouped as (
  select d.act, d.creator, d.schema, d.grantee,
         case d.type when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines' when 'T' then 'types' when 'n' then 'schemas'
                     else 'large objects' end as things,
         pg_catalog.string_agg(d.privilege, ', ' order by d.privilege) as privileges
    from difference d
   where d.creator not in (select v.name from vendor v)
   group by d.act, d.creator, d.schema, d.grantee, d.type
)
select pg_catalog.format('%s of %s%s to %s%s', g.things, g.creator, ' in ' || g.schema, g.grantee,
                         case g.act when 'grant' then ' (missing)' end) as object,
       pg_catalog.format(case g.act when 'grant' then '%1$s will not get %2$s on the %3$s that %4$I makes%5$s, which roles.yaml says'
                                    else '%1$s will get %2$s on all %3$s that %4$I makes%5$s, which nothing declares' end,
                         case g.grantee when 'PUBLIC' then 'every role' else 'role ' || pg_catalog.quote_ident(g.grantee) end,
                         g.privileges, g.things, g.creator, ' in schema ' || pg_catalog.quote_ident(g.schema)) as detail,
       pg_catalog.jsonb_build_object(
         -- Too little is somebody who is refused, and no hole.
         'severity', case g.act when 'grant' then 'low' else 'medium' end,
         'statement',
         pg_catalog.format('alter default privileges for role %I%s %s %s on %s %s %s;', g.creator,
                           ' in schema ' || pg_catalog.quote_ident(g.schema), g.act, pg_catalog.lower(g.privileges), g.things,
                           case g.act when 'grant' then 'to' else 'from' end,
                           case g.grantee when 'PUBLIC' then 'public' else pg_catalog.quote_ident(g.grantee) end)) as data
  from grouped g
 order by 1;
