/** What statements can name, and what a use of it needs besides: read with no more than a login. */

const SYSTEM = `n.nspname in ('pg_catalog', 'information_schema', 'pg_toast')`;

export const RELATION_SHAPES = /* sql */ `
select c.oid as id, n.nspname as schema, c.relname as name, c.relkind as kind,
       case when c.relispartition then (select i.inhparent from pg_catalog.pg_inherits i where i.inhrelid = c.oid) end as "partitionOf",
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'generated', a.attgenerated <> '') order by a.attnum)
                   from pg_catalog.pg_attribute a
                  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
       case when c.relkind = 'v' and coalesce(
              (select o.option_value::bool from pg_catalog.pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker'), false)
            then pg_catalog.pg_get_viewdef(c.oid) end as "invokerQuery",
       ${SYSTEM} as system
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_(toast|temp)'`;

/** A body may be text or, since 14, already parsed; SECURITY DEFINER bodies run with rights of their owner and are not asked for. */
export const FUNCTIONS = /* sql */ `
select p.oid as id, n.nspname as schema, p.proname as name,
       p.pronargs - p.pronargdefaults - case when p.provariadic <> 0 then 1 else 0 end as fewest,
       case when p.provariadic <> 0 then null else p.pronargs end as most,
       pg_catalog.oidvectortypes(p.proargtypes) as signature,
       case
         when p.proargmodes && '{o,b,t}'::"char"[] then
           (select pg_catalog.array_agg(p.proargnames[m.place] order by m.place)
              from pg_catalog.unnest(p.proargmodes) with ordinality as m (mode, place) where m.mode in ('o', 'b', 't'))
         when t.typrelid <> 0 then
           (select pg_catalog.array_agg(a.attname::text order by a.attnum)
              from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
         when p.prorettype = 'pg_catalog.record'::pg_catalog.regtype then null
         else '{}'::text[] end as outputs,
       (${SYSTEM} or exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                                and d.objid = p.oid and d.deptype = 'e'))
         and exists (select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a where a.grantee = 0) as "forAll",
       ${SYSTEM} as system,
       case when l.lanname = 'sql' and not p.prosecdef and not ${SYSTEM}
            then coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) end as body
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
join pg_catalog.pg_type t on t.oid = p.prorettype`;

/** As USES of the catalog of roles, with the column whose default it is. */
export const USED_BY_COLUMNS = /* sql */ `
with expression (catalog, id, relation, column_name, when_used) as (
  select 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, d.adrelid,
         case when a.attgenerated = '' then a.attname end, case a.attgenerated when 'v' then 'any' else 'write' end
  from pg_catalog.pg_attrdef d
  join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
  union all
  select 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, k.conrelid, null, 'write'
  from pg_catalog.pg_constraint k where k.contype = 'c' and k.conrelid <> 0::oid
  union all
  select 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, a.attrelid, null, 'write'
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_attribute a on a.atttypid = k.contypid and a.attnum > 0 and not a.attisdropped
  where k.contypid <> 0::oid
  union all
  select 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, i.indrelid, null, 'write'
  from pg_catalog.pg_index i where i.indexprs is not null or i.indpred is not null
  union all
  select 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, r.ev_class, null, 'any' from pg_catalog.pg_rewrite r
)
select distinct e.relation, e.column_name as "column",
       case d.refclassid when 'pg_catalog.pg_proc'::pg_catalog.regclass then 'routine' else 'sequence' end as kind,
       d.refobjid as id, e.when_used as "when"
from expression e
join pg_catalog.pg_depend d on d.classid = e.catalog and d.objid = e.id
join pg_catalog.pg_class t on t.oid = e.relation
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where not ${SYSTEM}
  and (d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    or d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
       and exists (select from pg_catalog.pg_class s where s.oid = d.refobjid and s.relkind = 'S'))`;

export const POLICY_TEXTS = /* sql */ `
select p.polrelid as relation, p.polcmd as command, p.polroles as roles,
       pg_catalog.array_remove(array[pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)], null) as expressions
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
where c.relrowsecurity`;

export const KEYS = /* sql */ `
select k.conrelid as relation, k.conname as name,
       array(select a.attname::text from pg_catalog.pg_attribute a where a.attrelid = k.conrelid and a.attnum = any (k.conkey) order by 1) as columns
from pg_catalog.pg_constraint k
where k.contype in ('p', 'u', 'x')`;

export const FOREIGN_KEYS = /* sql */ `
select distinct k.conrelid as relation, k.confrelid as "references"
from pg_catalog.pg_constraint k
where k.contype = 'f'`;
