/**
 * What the rules ask of the catalogs besides roles and ACLs. Any login may read all but the options of user mappings and the passwords.
 * Expressions are read as the trees the catalog holds: pg_get_viewdef() and pg_get_expr() take locks and would wait behind DDL.
 */

const SYSTEM_SCHEMA = `n.nspname in ('pg_catalog', 'information_schema', 'pg_toast') or n.nspname ~ '^pg_(toast_)?temp_'`;

/** A value given to something called password, secret, token or key, and a URL with a password. The value itself never leaves the server. */
const SECRET_TEXT = String.raw`(password|passwd|secret|api_?key|access_?key)[a-z_]*\s*(:=|=>?)\s*''[^'']{6,}''|[a-z][a-z0-9+]*://[^:/@\s'']+:[^@/\s'']+@`;

export const ROUTINE_DETAILS = /* sql */ `
select p.oid as id, p.prosecdef as definer, l.lanname as language, p.prosqlbody is not null as atomic,
       (select pg_catalog.substr(c.entry, 13) from pg_catalog.unnest(p.proconfig) as c (entry) where c.entry like 'search\\_path=%') as "searchPath",
       p.prosrc ~* '${SECRET_TEXT}' as "holdsSecret"
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where not (${SYSTEM_SCHEMA})
order by p.oid`;

export const TRIGGERS = /* sql */ `
select t.tgname as name, t.tgrelid as relation, t.tgfoid as routine
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and not (${SYSTEM_SCHEMA})
order by t.tgrelid, t.tgname`;

export const EVENT_TRIGGERS = /* sql */ `
select e.evtname as name, e.evtowner as owner, p.proowner as "routineOwner",
       pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)) as routine
from pg_catalog.pg_event_trigger e
join pg_catalog.pg_proc p on p.oid = e.evtfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
order by e.evtname`;

/** In the tree of a rule FROMEXPR is the only node whose list of relations is followed by its condition. */
export const VIEWS = /* sql */ `
select c.oid as id,
       coalesce((select o.option_value::boolean from pg_catalog.pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker'), false) as invoker,
       coalesce((select o.option_value::boolean from pg_catalog.pg_options_to_table(c.reloptions) o where o.option_name = 'security_barrier'), false) as barrier,
       r.ev_action::text ~ '[)] :quals [{]' as filters,
       array(select distinct d.refobjid from pg_catalog.pg_depend d
              where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
                and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> c.oid order by 1) as bases
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
where c.relkind in ('v', 'm') and not (${SYSTEM_SCHEMA})
order by c.oid`;

/** 16 is bool; 2077 and 3294 are the two current_setting() (pg_proc.dat): oids below 10000 never change. */
export const POLICIES = /* sql */ `
select p.polrelid as relation, p.polname as name, p.polpermissive as permissive,
       case when p.polroles = '{0}' then '{}' else p.polroles end as roles,
       coalesce(p.polqual, p.polwithcheck)::text ~ '^[{]CONST :consttype 16 .*:constisnull false .*:constvalue 1 \\[ [01 ]*1 [01 ]*\\]' as always,
       pg_catalog.concat(p.polqual::text, p.polwithcheck::text) ~ ':funcid (2077|3294) '
         or exists (select from pg_catalog.pg_depend d join pg_catalog.pg_proc f on f.oid = d.refobjid
                     where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
                       and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.prosrc ~ 'current_setting') as "asksSetting"
from pg_catalog.pg_policy p
order by p.polrelid, p.polname`;

/** The view shows options to superusers and, of the mapping of everybody, to who has the rights of the server's owner. */
export const MAPPINGS = /* sql */ `
select s.srvname as server, s.srvowner as "serverOwner", s.oid as "serverId", m.umuser as user,
       (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user)
         or m.umuser = 0 and pg_catalog.pg_has_role(s.srvowner, 'USAGE') as visible,
       coalesce((select o.option_value from pg_catalog.pg_options_to_table(m.umoptions) o where o.option_name = 'password_required'), 'true')
         not in ('false', 'off', 'no', '0') as "passwordRequired"
from pg_catalog.pg_user_mappings m
join pg_catalog.pg_foreign_server s on s.oid = m.srvid
order by s.srvname, m.umuser`;

const initialOf = (catalog: string, oid: string, column: string): string => `
  (select i.initprivs::text from pg_catalog.pg_init_privs i
    where i.classoid = 'pg_catalog.${catalog}'::pg_catalog.regclass and i.objoid = ${oid} and i.objsubid = ${column})`;

/** Without an entry in pg_init_privs the ACL was null; initdb writes none for information_schema, which shows what the catalogs show anyway. */
export const SYSTEM_ACLS = /* sql */ `
select * from (
  select 'routine' as kind, p.oid as id, pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)) as name,
         null as "column", p.proowner as owner, p.proacl::text as acl, ${initialOf('pg_proc', 'p.oid', '0')} as initial
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = 'pg_catalog' and p.proacl is not null
  union all
  select 'table', c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), null, c.relowner, c.relacl::text, ${initialOf('pg_class', 'c.oid', '0')}
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'pg_catalog' and c.relkind in ('r', 'v') and c.relacl is not null
  union all
  select 'column', c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.quote_ident(a.attname), c.relowner, a.attacl::text,
         ${initialOf('pg_class', 'c.oid', 'a.attnum')}
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'pg_catalog' and a.attacl is not null
) as changed
where changed.acl is distinct from changed.initial
order by changed.kind, changed.name, changed."column"`;

/** What the configuration says, and not what this session or its role set. */
export const PARAMETERS = /* sql */ `
select s.name, s.setting as value
from pg_catalog.pg_settings s
where s.name in ('lo_compat_privileges', 'idle_in_transaction_session_timeout', 'transaction_timeout')
  and s.source in ('default', 'configuration file', 'command line')
order by s.name`;

/** Where the kinds of passwords can be had: from pg_authid itself, from the function of schema dbctl, or nowhere. */
export const PASSWORD_SOURCE = /* sql */ `
select case
  when pg_catalog.has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT') then 'catalog'
  when pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
    -- A restore by another role may have left it to an owner who sees no password.
    and pg_catalog.has_column_privilege(p.proowner, 'pg_catalog.pg_authid', 'rolpassword', 'SELECT') then 'function'
  end as source
from (values (1)) as always (one)
left join pg_catalog.pg_namespace n on n.nspname = 'dbctl'
left join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = 'password_kinds' and p.pronargs = 0`;

/** The two forms of crypt.c (get_password_type); what is neither is taken for a password in clear text, and then hashed. */
export const passwordKind = (column: string): string => `case
    when ${column} is null then 'none'
    when ${column} ~ '^SCRAM-SHA-256[$]' then 'scram-sha-256'
    when ${column} ~ '^md5[0-9a-f]{32}$' then 'md5'
    else 'other' end`;

export const PASSWORDS_OF_CATALOG = /* sql */ `
select a.rolname as role, ${passwordKind('a.rolpassword')} as kind
from pg_catalog.pg_authid a
where a.rolcanlogin
order by a.rolname`;

export const PASSWORDS_OF_FUNCTION = /* sql */ `select k.role, k.kind from dbctl.password_kinds() k order by k.role`;
