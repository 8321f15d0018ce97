--! title: Everybody may only what roles.yaml says on tables, sequences, routines and servers
--! severity: high
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_attribute, select pg_catalog.pg_proc, select pg_catalog.pg_namespace,
--!   select pg_catalog.pg_init_privs, select pg_catalog.pg_depend, select pg_catalog.pg_foreign_server,
--!   select pg_catalog.pg_foreign_data_wrapper, select pg_catalog.pg_largeobject_metadata, select pg_catalog.pg_parameter_acl,
--!   select pg_catalog.pg_language
--! params: public_grants
--! why: PUBLIC is every role, those that are made tomorrow too: what it may no revoke from a single role takes away. Functions are open to it
--!   from the start; they do nothing their caller may not, which is why they are told once a schema and as low. What came with the server or
--!   an extension counts where it is more open than it came.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-priv.html
--!   CIS PostgreSQL 18: 4.5
--!   CIS PostgreSQL 18: 4.6
with member as (
  select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'
), born as (
  -- What PUBLIC was given by initdb or by an extension.
  select i.classoid, i.objoid, i.objsubid, a.privilege_type
    from pg_catalog.pg_init_privs i cross join lateral pg_catalog.aclexplode(i.initprivs) as a
   where a.grantee = 0
), held as (
  select case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'view' else 'table' end as kind,
         'pg_catalog.pg_class'::regclass::oid as classoid, c.oid, 0 as objsubid, n.nspname, c.relname::text as name, null::text as args,
         null::name as attname, a.privilege_type,
         case when c.relkind = 'S' then 'medium' else 'high' end as severity,
         pg_catalog.format('%s %I.%I', case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname) as subject
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   cross join lateral pg_catalog.aclexplode(c.relacl) as a
   where a.grantee = 0 and c.relpersistence <> 't' and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select case when c.relkind in ('v', 'm') then 'view' else 'table' end, 'pg_catalog.pg_class'::regclass, c.oid, t.attnum, n.nspname,
         c.relname::text, null, t.attname, a.privilege_type, 'high', pg_catalog.format('table %I.%I', n.nspname, c.relname)
    from pg_catalog.pg_attribute t
    join pg_catalog.pg_class c on c.oid = t.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   cross join lateral pg_catalog.aclexplode(t.attacl) as a
   where t.attacl is not null and not t.attisdropped and a.grantee = 0 and c.relpersistence <> 't'
  union all
  select 'routine', 'pg_catalog.pg_proc'::regclass, p.oid, 0, n.nspname, p.proname::text,
         pg_catalog.oidvectortypes(p.proargtypes), null, a.privilege_type, null,
         pg_catalog.format('routine %I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   cross join lateral pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as a
   where a.grantee = 0
     -- Trigger functions cannot be called.
     and p.prorettype not in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)
     and (p.oid >= 16384 or p.proacl is not null)
     and n.nspname !~ '^pg_temp_'
  union all
  select 'foreign_server', 'pg_catalog.pg_foreign_server'::regclass, s.oid, 0, null, s.srvname::text, null, null, a.privilege_type, 'high',
         pg_catalog.format('foreign server %I', s.srvname)
    from pg_catalog.pg_foreign_server s cross join lateral pg_catalog.aclexplode(s.srvacl) as a
   where a.grantee = 0
  union all
  select 'foreign_data_wrapper', 'pg_catalog.pg_foreign_data_wrapper'::regclass, w.oid, 0, null, w.fdwname::text, null, null,
         a.privilege_type, 'medium', pg_catalog.format('foreign data wrapper %I', w.fdwname)
    from pg_catalog.pg_foreign_data_wrapper w cross join lateral pg_catalog.aclexplode(w.fdwacl) as a
   where a.grantee = 0
  union all
  select 'parameter', 'pg_catalog.pg_parameter_acl'::regclass, p.oid, 0, null, p.parname, null, null, a.privilege_type, 'high',
         'parameter ' || p.parname
    from pg_catalog.pg_parameter_acl p cross join lateral pg_catalog.aclexplode(p.paracl) as a
   where a.grantee = 0
), excess as (
  select h.*, h.oid < 16384 or m.objid is not null as came_along, p.prosecdef, l.lanname in ('c', 'internal') as is_compiled
    from held h
    left join member m on m.classid = h.classoid and m.objid = h.oid
    left join born b on b.classoid = h.classoid and b.objoid = h.oid and b.objsubid = h.objsubid and b.privilege_type = h.privilege_type
    left join pg_catalog.pg_proc p on h.kind = 'routine' and p.oid = h.oid
    left join pg_catalog.pg_language l on l.oid = p.prolang
   where b.privilege_type is null
     -- initdb opens them to everybody and does not write that down.
     and not (h.nspname = 'information_schema' and h.oid < 16384 and h.privilege_type = 'SELECT' and h.kind in ('table', 'view'))
     -- A routine of an extension is open unless the extension closed it.
     and not (h.kind = 'routine' and m.objid is not null
              and not exists (select from pg_catalog.pg_init_privs i where i.classoid = h.classoid and i.objoid = h.oid))
     and not exists (
       select from pg_catalog.jsonb_array_elements($1) as g(entry)
        where g.entry ->> 'kind' = h.kind
          and coalesce(g.entry -> 'schemas' ? h.nspname::text, true)
          and h.name ~ (g.entry ->> 'name')
          and coalesce(g.entry ->> 'args' = h.args, true)
          and (g.entry -> 'privileges' ? h.privilege_type or g.entry -> 'columns' -> h.privilege_type ? h.attname::text)
          and not exists (select from pg_catalog.jsonb_array_elements(g.entry -> 'except') as e(entry)
                           where e.entry -> 'schemas' ? h.nspname::text and h.name ~ (e.entry ->> 'name')))
), found as (
  select e.subject as object,
         pg_catalog.format('every role has %s on %s%s',
                           pg_catalog.string_agg(pg_catalog.concat(e.privilege_type, ' of column ' || e.attname), ', '
                                                 order by e.privilege_type, e.attname),
                           e.subject,
                           case when pg_catalog.bool_or(e.came_along) then ', which came without' end) as detail,
         coalesce(pg_catalog.min(e.severity), 'high') as severity,
         pg_catalog.format('revoke %s on %s from public;',
                           pg_catalog.string_agg(pg_catalog.concat(pg_catalog.lower(e.privilege_type),
                                                                   ' (' || pg_catalog.quote_ident(e.attname) || ')'), ', '
                                                 order by e.privilege_type, e.attname),
                           e.subject) as statement
    from excess e
   where e.kind <> 'routine' or e.came_along
   group by e.kind, e.oid, e.subject
  union all
  -- Those with the rights of their owner are told one by one by priv-secdef-public.
  select 'routines of schema ' || pg_catalog.quote_ident(e.nspname),
         pg_catalog.format('every role may call %s of schema %I, such as %I',
                           pg_catalog.count(*) || case when pg_catalog.count(*) = 1 then ' routine' else ' routines' end,
                           e.nspname, pg_catalog.min(e.name)),
         'low',
         pg_catalog.string_agg(pg_catalog.format('revoke execute on %s from public;', e.subject), ' ' order by e.subject)
    from excess e
   where e.kind = 'routine' and not e.came_along and not e.prosecdef
   group by e.nspname
  union all
  -- They have no names.
  select 'large objects',
         pg_catalog.format('every role may read or change %s', pg_catalog.count(distinct o.oid)
                           || case when pg_catalog.count(distinct o.oid) = 1 then ' large object' else ' large objects' end),
         'high',
         pg_catalog.string_agg(distinct pg_catalog.format('revoke all on large object %s from public;', o.oid), ' ')
    from pg_catalog.pg_largeobject_metadata o cross join lateral pg_catalog.aclexplode(o.lomacl) as a
   where a.grantee = 0
  having pg_catalog.count(*) > 0
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
