import { SHOWN_OBJECTS } from './shown.ts';

/**
 * What the catalogs say about roles and rights. Any login may read all of it. ACLs come as the server casts them to text: taking them apart
 * here is several times cheaper than aclexplode() and a join there, and keeps who granted what.
 */

/** Objects of these schemas come with the server; what was changed of them is found by comparing with pg_init_privs. */
const SYSTEM_SCHEMA = `n.nspname in ('pg_catalog', 'information_schema', 'pg_toast') or n.nspname ~ '^pg_(toast_)?temp_'`;

/** But for those that roles.yaml may grant. */
const shownOf = (name: string): string =>
  `n.nspname = 'pg_catalog' and ${name} in (${SHOWN_OBJECTS.map((one) => `'${one}'`).join(', ')})`;

/** The extension an object of catalog `catalog` belongs to. */
const extensionOf = (catalog: string, oid: string): string => `
  (select e.extname
     from pg_catalog.pg_depend d
     join pg_catalog.pg_extension e on e.oid = d.refobjid
    where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass
      and d.objid = ${oid}
      and d.deptype = 'e'
      and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    limit 1)`;

export const ROLES = /* sql */ `
select r.oid as id, r.rolname as name, r.rolsuper as superuser, r.rolinherit as inherit, r.rolcreaterole as "createRole",
       r.rolcreatedb as "createDatabase", r.rolcanlogin as login, r.rolreplication as replication, r.rolbypassrls as "bypassRls",
       r.rolconnlimit as "connectionLimit", -- Not as the session's DateStyle and TimeZone have it.
       case when pg_catalog.isfinite(r.rolvaliduntil)
            then pg_catalog.to_char(r.rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            else r.rolvaliduntil::text end as "validUntil",
       pg_catalog.shobj_description(r.oid, 'pg_authid') as comment,
       -- 16384 is FirstNormalObjectId: what initdb made is below it.
       r.oid < 16384 as "builtIn"
from pg_catalog.pg_roles r
order by r.rolname`;

export const MEMBERSHIPS = /* sql */ `
select m.roleid as role, m.member as member, m.grantor as grantor, m.admin_option as admin,
       m.inherit_option as inherit, m.set_option as set
from pg_catalog.pg_auth_members m
order by m.roleid, m.member, m.grantor`;

export const DATABASE = /* sql */ `
select d.oid as id, d.datname as name, d.datdba as owner
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()`;

const DATABASES = /* sql */ `
select 'database' as kind, d.oid as id, pg_catalog.quote_ident(d.datname) as name, null::name as schema,
       d.datname as bare, 'database' as what,
       d.datdba as owner, d.datacl::text as acl, null::name as extension, null::oid as parent
from pg_catalog.pg_database d`;

const SCHEMAS = /* sql */ `
select 'schema', n.oid, pg_catalog.quote_ident(n.nspname), null::name, n.nspname, 'schema',
       n.nspowner, n.nspacl::text, ${extensionOf('pg_namespace', 'n.oid')}, null::oid
from pg_catalog.pg_namespace n
where not (${SYSTEM_SCHEMA})`;

const RELATIONS = /* sql */ `
select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid,
       pg_catalog.format('%I.%I', n.nspname, c.relname), n.nspname, c.relname,
       case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                      when 'p' then 'partitioned table' else case when c.relispartition then 'partition' else 'table' end end,
       c.relowner, c.relacl::text, ${extensionOf('pg_class', 'c.oid')},
       case c.relkind
         when 'S' then (select d.refobjid from pg_catalog.pg_depend d
                         where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
                           and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype in ('a', 'i') limit 1)
         else (select i.inhparent from pg_catalog.pg_inherits i where i.inhrelid = c.oid and i.inhseqno = 1) end
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and (not (${SYSTEM_SCHEMA}) or ${shownOf('c.relname')})`;

const COLUMNS = /* sql */ `
select 'column', c.oid, pg_catalog.quote_ident(a.attname), n.nspname, a.attname, 'column',
       c.relowner, a.attacl::text, null::name, null::oid
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attacl is not null and not a.attisdropped and not (${SYSTEM_SCHEMA})`;

/** Argument types tell routines of one name apart; names of arguments may change without another routine being meant. */
const ROUTINES = /* sql */ `
select 'routine', p.oid, pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)), n.nspname,
       p.proname,
       case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function' else 'function' end,
       p.proowner, p.proacl::text, ${extensionOf('pg_proc', 'p.oid')}, null::oid
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where not (${SYSTEM_SCHEMA}) or ${shownOf('p.proname')}`;

/**
 * Without the row types of tables, the arrays (IsTrueArrayType in typecmds.c) and the multiranges, which have no rights of their own: since 17
 * GRANT refuses them, and their owner is that of the range.
 */
const TYPES = /* sql */ `
select 'type', t.oid, pg_catalog.format('%I.%I', n.nspname, t.typname), n.nspname, t.typname,
       case t.typtype when 'd' then 'domain' else 'type' end,
       t.typowner, t.typacl::text, ${extensionOf('pg_type', 't.oid')}, null::oid
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where not (${SYSTEM_SCHEMA})
  and t.typtype <> 'm'
  and not (t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc and t.typelem <> 0)
  and (t.typrelid = 0 or exists (select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'))`;

const OTHERS = /* sql */ `
select 'language', l.oid, pg_catalog.quote_ident(l.lanname), null::name, l.lanname,
       case when l.lanpltrusted then 'trusted language' else 'untrusted language' end,
       l.lanowner, l.lanacl::text, ${extensionOf('pg_language', 'l.oid')}, null::oid
from pg_catalog.pg_language l
where l.lanispl
union all
select 'large object', m.oid, m.oid::text, null::name, m.oid::text, 'large object', m.lomowner, m.lomacl::text, null::name, null::oid
from pg_catalog.pg_largeobject_metadata m
union all
select 'tablespace', s.oid, pg_catalog.quote_ident(s.spcname), null::name, s.spcname, 'tablespace', s.spcowner, s.spcacl::text,
       null::name, null::oid
from pg_catalog.pg_tablespace s
union all
select 'foreign data wrapper', w.oid, pg_catalog.quote_ident(w.fdwname), null::name, w.fdwname, 'foreign data wrapper', w.fdwowner,
       w.fdwacl::text, ${extensionOf('pg_foreign_data_wrapper', 'w.oid')}, null::oid
from pg_catalog.pg_foreign_data_wrapper w
union all
select 'foreign server', s.oid, pg_catalog.quote_ident(s.srvname), null::name, s.srvname, 'foreign server', s.srvowner, s.srvacl::text,
       ${extensionOf('pg_foreign_server', 's.oid')}, null::oid
from pg_catalog.pg_foreign_server s
union all
-- Nobody owns a parameter: the bootstrap superuser grants (10 is BOOTSTRAP_SUPERUSERID).
select 'parameter', a.oid, a.parname, null::name, a.parname, 'parameter', 10::oid, a.paracl::text, null::name, null::oid
from pg_catalog.pg_parameter_acl a`;

/** In one order: a plan is compared with the one that was agreed to, and rows of the catalogs move when somebody else grants. */
export const OBJECTS = /* sql */ `
select o.* from (${[DATABASES, SCHEMAS, RELATIONS, COLUMNS, ROUTINES, TYPES, OTHERS].join('\nunion all')}
) o
order by o.id, o.kind collate "C", o.bare collate "C"`;

export const DEFAULTS = /* sql */ `
select d.defaclrole as creator, (select n.nspname from pg_catalog.pg_namespace n where n.oid = d.defaclnamespace) as schema,
       case d.defaclobjtype when 'r' then 'table' when 'S' then 'sequence' when 'f' then 'routine' when 'T' then 'type'
                            when 'n' then 'schema' when 'L' then 'large object' end as kind,
       d.defaclacl::text as acl
from pg_catalog.pg_default_acl d
order by d.defaclrole, d.defaclnamespace, d.defaclobjtype`;

export const SETTINGS = /* sql */ `
select nullif(s.setrole, 0::oid) as role, s.setdatabase <> 0::oid as here,
       pg_catalog.split_part(c.entry, '=', 1) as name,
       pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) as value
from pg_catalog.pg_db_role_setting s
cross join lateral pg_catalog.unnest(s.setconfig) with ordinality as c (entry, position)
where s.setdatabase in (0::oid, (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))
order by s.setrole, s.setdatabase, c.position`;

/** pg_depend says what an expression names; what a trigger runs is not checked for the caller, and so is not here. */
export const USES = /* sql */ `
with expression (catalog, id, relation, when_used) as (
  select 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, d.adrelid, 'write' from pg_catalog.pg_attrdef d
  union all
  select 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, k.conrelid, 'write'
  from pg_catalog.pg_constraint k
  where k.contype = 'c' and k.conrelid <> 0::oid
  union all
  -- The check of a domain is run for every table that has a column of it.
  select 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, a.attrelid, 'write'
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_attribute a on a.atttypid = k.contypid and a.attnum > 0 and not a.attisdropped
  where k.contypid <> 0::oid
  union all
  select 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, i.indrelid, 'write'
  from pg_catalog.pg_index i
  where i.indexprs is not null or i.indpred is not null
  union all
  select 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, p.polrelid, 'any' from pg_catalog.pg_policy p
  union all
  select 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, r.ev_class, 'any' from pg_catalog.pg_rewrite r
)
select distinct e.relation, case d.refclassid when 'pg_catalog.pg_proc'::pg_catalog.regclass then 'routine' else 'sequence' end as kind,
       d.refobjid as id, e.when_used as "when"
from expression e
join pg_catalog.pg_depend d on d.classid = e.catalog and d.objid = e.id
join pg_catalog.pg_class t on t.oid = e.relation
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where not (${SYSTEM_SCHEMA})
  and (d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    or d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
       and exists (select from pg_catalog.pg_class s where s.oid = d.refobjid and s.relkind = 'S'))
order by 1, 2, 3, 4`;

export const ROW_SECURITY = /* sql */ `
select c.oid as relation, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
       array(select p.polname::text from pg_catalog.pg_policy p where p.polrelid = c.oid order by 1) as policies
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not (${SYSTEM_SCHEMA})
  and (c.relrowsecurity or exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid))
order by c.oid`;
