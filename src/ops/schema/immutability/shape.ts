import type { DatabaseFunction } from './function.ts';

/** What the rows of a relation mean, who may touch it and what else acts on them: all that DDL could turn against its history. */
export const RELATION_SHAPE: DatabaseFunction = {
  name: 'relation_shape',
  args: 'relation oid',
  returns: 'jsonb',
  language: 'sql',
  security: 'invoker',
  volatility: 'stable',
  public: false,
  comment:
    'definition of a relation as far as its rows depend on it; without guards, comments, plain indexes and storage settings',
  // Expressions are written with these: a partition bound of another time zone is no other bound.
  settings: [
    "timezone = 'UTC'",
    "datestyle = 'ISO, MDY'",
    "intervalstyle = 'postgres'",
    "bytea_output = 'hex'",
    'extra_float_digits = 1',
    'quote_all_identifiers = off',
  ],
  body: /* sql */ `
select pg_catalog.jsonb_build_object(
  'schema', n.nspname,
  'name', c.relname,
  'kind', c.relkind,
  'persistence', c.relpersistence,
  'row security', c.relrowsecurity or c.relforcerowsecurity,
  'access method', (select a.amname from pg_catalog.pg_am a where a.oid = c.relam),
  'replica identity', c.relreplident,
  'row type', c.reloftype::pg_catalog.regtype::text,
  'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
  'parents', (
    select pg_catalog.jsonb_agg(i.inhparent::pg_catalog.regclass::text order by i.inhseqno)
    from pg_catalog.pg_inherits i
    where i.inhrelid = c.oid and not i.inhdetachpending),
  'columns', (
    select pg_catalog.jsonb_agg(
      pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'name', a.attname,
        'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
        'collation', nullif(a.attcollation, 0)::pg_catalog.regcollation::text,
        'not null', a.attnotnull,
        'identity', nullif(a.attidentity, ''),
        'generated', nullif(a.attgenerated, ''),
        'default', (
          select pg_catalog.pg_get_expr(d.adbin, d.adrelid)
          from pg_catalog.pg_attrdef d
          where d.adrelid = a.attrelid and d.adnum = a.attnum)))
      order by a.attnum)
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'constraints', (
    select pg_catalog.jsonb_object_agg(k.conname, pg_catalog.pg_get_constraintdef(k.oid) order by k.conname)
    from pg_catalog.pg_constraint k
    where k.conrelid = c.oid),
  'unique indexes', (
    select pg_catalog.jsonb_agg(pg_catalog.pg_get_indexdef(i.indexrelid) order by pg_catalog.pg_get_indexdef(i.indexrelid))
    from pg_catalog.pg_index i
    where i.indrelid = c.oid and i.indisunique),
  'indexes that call functions', (
    select pg_catalog.jsonb_agg(pg_catalog.pg_get_indexdef(i.indexrelid) order by pg_catalog.pg_get_indexdef(i.indexrelid))
    from pg_catalog.pg_index i
    where i.indrelid = c.oid and not i.indisunique
      and exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = i.indexrelid
          and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)),
  'rules', (
    select pg_catalog.jsonb_agg(pg_catalog.pg_get_ruledef(r.oid) order by r.rulename)
    from pg_catalog.pg_rewrite r
    where r.ev_class = c.oid),
  'policies', (
    select pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_array(p.polname, p.polcmd, p.polpermissive, p.polroles::text,
        pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
      order by p.polname)
    from pg_catalog.pg_policy p
    where p.polrelid = c.oid),
  'triggers', (
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled) order by t.tgname)
    from pg_catalog.pg_trigger t
    where t.tgrelid = c.oid and not t.tgisinternal and t.tgname !~ '^dbctl_guard_')
)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = relation`,
};

/** Sentences about guards that are not as dbctl puts them; none for a relation that is guarded. */
export const GUARD_PROBLEMS: DatabaseFunction = {
  name: 'guard_problems',
  args: 'relation oid',
  returns: 'setof text',
  language: 'sql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'what is missing at the guards, the owner and the grants of a registered relation',
  body: /* sql */ `
with wanted (name, bits, function_name, for_partition) as (
  values ('dbctl_guard_row', 27, 'refuse_row_change', false),
         ('dbctl_guard_partition_row', 27, 'refuse_row_change', true),
         ('dbctl_guard_statement', 26, 'refuse_row_change', false),
         ('dbctl_guard_truncate', 34, 'refuse_truncate', false)
), registered as (
  select p.*, c.relowner, c.relacl, c.relkind, p.relation <> p.root as is_partition
  from dbctl.protected_relation p
  join pg_catalog.pg_class c on c.oid = p.relation
  where p.relation = guard_problems.relation
)
select pg_catalog.format('trigger %s is %s', w.name,
         case
           when t.oid is null then 'missing'
           when t.tgenabled <> 'A' then pg_catalog.format('not enabled always (tgenabled %s)', t.tgenabled)
           else 'not the one dbctl made'
         end)
from registered r
-- A trigger of a partitioned table is cloned to its partitions, name and all; so only those that hold rows have one of their own.
join wanted w on not w.for_partition or (r.is_partition and r.relkind = 'r')
left join pg_catalog.pg_trigger t on t.tgrelid = r.relation and t.tgname = w.name
left join pg_catalog.pg_proc f on f.oid = t.tgfoid
-- A partition that was detached lost the clone; its own row guard stays.
where not (t.oid is null and w.name = 'dbctl_guard_row' and r.is_partition)
  and (t.oid is null
       or t.tgenabled <> 'A'
       or t.tgtype <> w.bits
       or t.tgqual is not null
       or t.tgattr <> ''
       or t.tgdeferrable
       or t.tgnargs <> 0
       or f.proname <> w.function_name
       or f.pronamespace <> 'dbctl'::pg_catalog.regnamespace
       or exists (
         select from pg_catalog.pg_depend d
         where d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and d.objid = t.oid and d.deptype = 'x'))
union all
select 'pg_class.relhastriggers is false, so no trigger fires'
from registered r
join pg_catalog.pg_class c on c.oid = r.relation
where not c.relhastriggers
union all
select pg_catalog.format('the owner is %s instead of %s', pg_catalog.pg_get_userbyid(r.relowner), r.owner_name)
from registered r
where r.owner_name is not null and pg_catalog.pg_get_userbyid(r.relowner) <> r.owner_name
union all
select g.problem
from registered r
cross join lateral dbctl.forbidden_grants(r.relation) g (problem)`,
};

export const FORBIDDEN_GRANTS: DatabaseFunction = {
  name: 'forbidden_grants',
  args: 'relation oid',
  returns: 'setof text',
  language: 'sql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'grants on a registered relation that let rows be changed, guards be replaced, or facts of the database be forged',
  body: /* sql */ `
with registered as (
  select p.*, c.relowner, p.relation <> p.root as is_partition,
         coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)) as acl
  from dbctl.protected_relation p
  join pg_catalog.pg_class c on c.oid = p.relation
  where p.relation = forbidden_grants.relation
), granted as (
  select g.grantee, g.privilege_type, null::name as attname, r.*
  from registered r
  cross join lateral pg_catalog.aclexplode(r.acl) g
  union all
  select g.grantee, g.privilege_type, a.attname, r.*
  from registered r
  join pg_catalog.pg_attribute a on a.attrelid = r.relation and a.attacl is not null and not a.attisdropped
  cross join lateral pg_catalog.aclexplode(a.attacl) g
)
select pg_catalog.format('%s holds %s%s',
         case when g.grantee = 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(g.grantee)::text end,
         g.privilege_type,
         case when g.attname is null then '' else pg_catalog.format(' on column %s', g.attname) end)
from granted g
where case
        -- Foreign keys lock rows with the rights of the table's owner, and select … for key share needs update on some column.
        when g.grantee = g.relowner and g.privilege_type = 'UPDATE' and g.attname is not null then
          not exists (
            -- Both sides of a foreign key carry internal triggers; pg_constraint has no index on the referenced side.
            select from pg_catalog.pg_trigger t
            join pg_catalog.pg_constraint k on k.oid = t.tgconstraint and k.contype = 'f'
            where t.tgrelid = g.relation)
        when g.grantee = g.relowner then g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
        when g.privilege_type = 'INSERT' then
          case
            when g.attname is null then g.is_partition or g.generated_columns <> '{}'
            else g.is_partition or g.attname = any (g.generated_columns)
          end
        else g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
      end
order by 1`,
};
