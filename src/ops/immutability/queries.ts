import { FUNCTION_HASH } from '../schema/immutability/function.ts';
import { WRITTEN_BY_DBCTL } from '../schema/immutability/index.ts';

/** One row of ServerFacts; $1 is the owner's role name, $2 those of roles that may call something. */
export const SERVER = /* sql */ `
select session_user::text as user,
       r.rolsuper as superuser,
       r.rolsuper or r.rolcreaterole as "mayCreateRoles",
       pg_catalog.to_regclass('dbctl.protected_relation') is not null as registry,
       array(
         select o.rolname::text from pg_catalog.pg_roles o
         where o.rolname in ($1, 'dbctl_guard') order by o.rolname) as roles,
       array(
         select pg_catalog.format('%s may log in', o.rolname) from pg_catalog.pg_roles o
         where o.rolname in ($1, 'dbctl_guard') and o.rolcanlogin
         union all
         select pg_catalog.format('%s is a member of %s', m.member::pg_catalog.regrole, m.roleid::pg_catalog.regrole)
         from pg_catalog.pg_auth_members m
         join pg_catalog.pg_roles o on o.oid = m.roleid
         where o.rolname in ($1, 'dbctl_guard')
         order by 1) as "ownerIsOpen",
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                 'name', e.evtname, 'enabled', e.evtenabled, 'runs', p.proname) order by e.evtname), '[]')
        from pg_catalog.pg_event_trigger e
        join pg_catalog.pg_proc p on p.oid = e.evtfoid
        where p.pronamespace = pg_catalog.to_regnamespace('dbctl')) as "eventTriggers",
       (select coalesce(pg_catalog.json_object_agg(p.proname, ${FUNCTION_HASH}), '{}')
        from pg_catalog.pg_proc p
        where p.pronamespace = pg_catalog.to_regnamespace('dbctl')) as functions,
       array(select o.rolname::text from pg_catalog.pg_roles o where o.rolname = any ($2::text[]) order by o.rolname) as callers,
       array(
         select pg_catalog.format('%s %s', p.proname, g.grantee::pg_catalog.regrole)
         from pg_catalog.pg_proc p
         cross join lateral pg_catalog.aclexplode(p.proacl) g
         where p.pronamespace = pg_catalog.to_regnamespace('dbctl') and g.privilege_type = 'EXECUTE' and g.grantee <> 0
         order by 1) as executors,
       array(
         select pg_catalog.format('%s: %s', w.relation, w.name)
         from (values ('dbctl.permit', 'permit_ends'), ${WRITTEN_BY_DBCTL.map((table) => `('dbctl.${table}', 'dbctl_writer')`).join(', ')}) w (relation, name)
         where not exists (
           select from pg_catalog.pg_trigger t
           where t.tgrelid = pg_catalog.to_regclass(w.relation) and t.tgname = w.name and t.tgenabled = 'A')
         order by 1) as "registryTriggers",
       (select coalesce(pg_catalog.json_object_agg(p.proname, pg_catalog.pg_get_userbyid(p.proowner)), '{}')
        from pg_catalog.pg_proc p
        where p.pronamespace = pg_catalog.to_regnamespace('dbctl')) as "functionOwners"
from pg_catalog.pg_roles r
where r.rolname = session_user`;

/** Rows of TableFacts in the order asked for; $1 is [{schema, name}], $2 the owner's role name. */
export const NAMES_AND_SHAPES = /* sql */ `
with recursive wanted as (
  select w.place, w.entry ->> 'schema' as schema, w.entry ->> 'name' as name, c.oid, c.relkind, c.relpersistence, c.relowner, c.relacl, c.relnamespace
  from pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb) with ordinality w (entry, place)
  left join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
  left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'name' and c.relkind in ('r', 'p', 'f', 'v', 'm')
), family (root, oid, is_child) as (
  select w.oid, w.oid, false from wanted w where w.oid is not null
  union all
  select f.root, i.inhrelid, true from family f join pg_catalog.pg_inherits i on i.inhparent = f.oid
), columns as (
  select f.root, f.oid, a.attname, a.atttypid, a.attgenerated, a.attnum,
         coalesce(nullif(t.typelem, 0), a.atttypid) as element
  from family f
  join pg_catalog.pg_attribute a on a.attrelid = f.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
  where not f.is_child
), shapes as (
  select c.root,
         case
           when t.typname = 'lo' or t.oid = 'oid'::pg_catalog.regtype then 'large-object'
           when t.typtype = 'e' then 'enum'
           when t.typtype = 'c' then 'composite'
           when t.typtype = 'd' then 'domain'
         end as shape,
         pg_catalog.format('column %I of type %s', c.attname, pg_catalog.format_type(c.atttypid, null)) as what
  from columns c
  join pg_catalog.pg_type t on t.oid = c.element
  where t.typtype in ('e', 'c', 'd') or t.typname = 'lo' or t.oid = 'oid'::pg_catalog.regtype
  union all
  select c.root, 'virtual-column', pg_catalog.format('virtual generated column %I', c.attname)
  from columns c
  where c.attgenerated = 'v'
  union all
  select f.root, 'cascade', pg_catalog.format('foreign key %I of %s changes rows %s', k.conname, k.conrelid::pg_catalog.regclass,
    case when k.confdeltype in ('a', 'r') then 'on update' else 'on delete' end)
  from family f
  join pg_catalog.pg_constraint k on k.conrelid = f.oid and k.contype = 'f' and k.conparentid = 0
  where k.confdeltype not in ('a', 'r') or k.confupdtype not in ('a', 'r')
  union all
  select f.root, 'inheritance', pg_catalog.format('%s inherits from %s', i.inhrelid::pg_catalog.regclass, i.inhparent::pg_catalog.regclass)
  from family f
  join pg_catalog.pg_inherits i on f.oid in (i.inhparent, i.inhrelid)
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  where not c.relispartition
)
select w.schema,
       w.name,
       w.oid::text,
       w.relkind as kind,
       w.relpersistence as persistence,
       pg_catalog.pg_get_userbyid(w.relowner)::text as owner,
       coalesce(pg_catalog.pg_has_role(current_user, w.relowner, 'usage'), false) as "mayOwn",
       array(
         select pg_catalog.format('%I.%I', cn.nspname, cc.relname)
         from family f
         join pg_catalog.pg_class cc on cc.oid = f.oid
         join pg_catalog.pg_namespace cn on cn.oid = cc.relnamespace
         where f.root = w.oid and f.is_child
         order by 1) as partitions,
       (select coalesce(pg_catalog.json_agg(distinct pg_catalog.jsonb_build_object('shape', s.shape, 'what', s.what)), '[]')
        from shapes s where s.root = w.oid) as shapes,
       array(select c.attname::text from columns c where c.root = w.oid order by c.attnum) as columns,
       array(
         select pg_catalog.format('%s: %s', case when g.grantee = 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(g.grantee)::text end,
                                  pg_catalog.string_agg(g.privilege_type, ', ' order by g.privilege_type))
         from pg_catalog.aclexplode(w.relacl) g
         where g.grantee <> w.relowner and g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
         group by g.grantee
         order by 1) as grants,
       coalesce(
         (select pg_catalog.has_schema_privilege(o.oid, w.relnamespace, 'usage')
                 and (w.relkind <> 'p' or pg_catalog.has_schema_privilege(o.oid, w.relnamespace, 'create'))
          from pg_catalog.pg_roles o where o.rolname = $2), false) as "schemaGranted"
from wanted w
order by w.place`;

/** Rows of RegisteredFacts. The functions it calls are compared with their sources before anything is concluded from them. */
export const REGISTERED = /* sql */ `
select case
         when c.oid is null then pg_catalog.format('%I.%I', p.schema_name, p.table_name)
         else pg_catalog.format('%I.%I', n.nspname, c.relname)
       end as name,
       coalesce(
         (select pg_catalog.format('%I.%I', rn.nspname, rc.relname)
          from pg_catalog.pg_class rc
          join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
          where rc.oid = p.root),
         p.root::text) as root,
       c.oid is null as gone,
       p.owner_name as owner,
       p.generated_columns as generated,
       p.accepted_shapes as accept,
       p.runbook,
       array(
         select g from dbctl.guard_problems(p.relation) g
         union all
         select 'its violations are not counted'
         where p.relation = p.root and 6 > (
           select pg_catalog.count(*) from dbctl.violation_counter v
           join pg_catalog.pg_class a on a.oid = v.attempts
           join pg_catalog.pg_class l on l.oid = v.last_attempt
           where v.relation = p.root)) as problems,
       -- Its check locks rows with the rights of the owner, which takes update on some column.
       (select pg_catalog.json_build_object(
                 'keys', pg_catalog.json_agg(distinct pg_catalog.format('%I of %s', k.conname, k.conrelid::pg_catalog.regclass)),
                 'grant', pg_catalog.format('grant update (%I) on table %I.%I to %I',
                            (select a.attname from pg_catalog.pg_attribute a
                             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                             order by a.attnum limit 1),
                            n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner)))
        from pg_catalog.pg_trigger t
        join pg_catalog.pg_constraint k on k.oid = t.tgconstraint and k.contype = 'f'
        where t.tgrelid = c.oid and k.conparentid = 0
          -- Nobody deletes what a protected table refers to in another one.
          and (k.confrelid = c.oid or not exists (select from dbctl.protected_relation o where o.relation = k.confrelid))
          and not pg_catalog.has_any_column_privilege(c.relowner, c.oid, 'UPDATE')
        having pg_catalog.count(*) > 0) as unchecked,
       pg_catalog.pg_get_userbyid(c.relowner) as holder,
       (select coalesce(pg_catalog.jsonb_object_agg(k.key, pg_catalog.jsonb_build_array(p.shape -> k.key, s.shape -> k.key)), '{}')
        from (select dbctl.relation_shape(p.relation) as shape) s
        cross join lateral pg_catalog.jsonb_object_keys(coalesce(p.shape, '{}') || s.shape) k (key)
        where p.shape -> k.key is distinct from s.shape -> k.key) as changed
from dbctl.protected_relation p
left join pg_catalog.pg_class c on c.oid = p.relation
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by p.root::text, p.relation <> p.root, name`;
