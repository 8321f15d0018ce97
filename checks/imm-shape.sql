--! title: Append-only tables are defined as they were when they were last accepted
--! severity: high
--! group: immutability
--! scope: database
--! needs: select dbctl.protected_relation, execute dbctl.relation_shape(oid), select pg_catalog.pg_class, select pg_catalog.pg_proc,
--!   select pg_catalog.pg_namespace, select pg_catalog.pg_language
--! params: guard_functions
--! why: Two columns that swap their names, a new default, a dropped key: every old row is untouched and says something else, or new ones
--!   lie. So what a table looked like is kept in the registry and compared. The comparison calls dbctl.relation_shape() only after its body,
--!   language and search_path were found to be dbctl's own; otherwise it says that it did not look.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-altertable.html
--!   https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CATALOG
with trusted as (
  select exists (
           select from pg_catalog.pg_proc p
             join pg_catalog.pg_namespace n on n.oid = p.pronamespace
             join pg_catalog.pg_language l on l.oid = p.prolang
             join pg_catalog.jsonb_to_recordset($1) as w(name text, args text, sha256 text, language text, settings jsonb)
               on w.name = p.proname
            where n.nspname = 'dbctl' and p.proname = 'relation_shape' and pg_catalog.pg_get_function_arguments(p.oid) = w.args
              and l.lanname = w.language and not p.prosecdef and p.prosqlbody is null
              and pg_catalog.lower(pg_catalog.to_jsonb(p.proconfig)::text) = w.settings::text
              and pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(p.prosrc, 'UTF8')), 'hex') = w.sha256) as is_ours
), compared as materialized (
  -- Else the function is called for every use of what it says.
  select c.oid, r.root::oid as root, r.shape as was, case when t.is_ours then dbctl.relation_shape(c.oid) end as is_now
    from dbctl.protected_relation r
    join pg_catalog.pg_class c on c.oid = r.relation
   cross join trusted t
   where r.shape is not null
), found as (
  select c.oid::regclass::text as name,
         pg_catalog.format('%s is not as it was accepted: its %s changed', c.oid::regclass,
                           pg_catalog.string_agg(k.key, ', ' order by k.key)) as detail,
         pg_catalog.jsonb_object_agg(k.key, pg_catalog.jsonb_build_array(c.was -> k.key, c.is_now -> k.key)) as changed,
         pg_catalog.format('undo the change; or, if it is right: dbctl immutability install --accept %s.%s',
                           pg_catalog.min(n.nspname), pg_catalog.min(t.relname)) as statement,
         'high' as severity
    from compared c
    -- The name as dbctl.yaml writes it, unquoted.
    left join (pg_catalog.pg_class t join pg_catalog.pg_namespace n on n.oid = t.relnamespace) on t.oid = c.root
   cross join lateral pg_catalog.jsonb_object_keys(c.was || c.is_now) as k(key)
   where c.was -> k.key is distinct from c.is_now -> k.key
   group by c.oid, c.root
  union all
  select 'dbctl.relation_shape',
         'no definition was compared: dbctl.relation_shape is not as dbctl wrote it, and nothing it says counts',
         '{}',
         'dbctl immutability install --repair',
         'critical'
    from trusted t
   where not t.is_ours
)
select f.name as object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement, 'changed', f.changed) as data
  from found f
 order by f.name;
