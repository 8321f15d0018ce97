--! title: The functions guards rely on are those dbctl wrote
--! severity: critical
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_proc, select pg_catalog.pg_namespace, select pg_catalog.pg_language, select pg_catalog.pg_roles,
--!   select pg_catalog.pg_operator, select pg_catalog.pg_depend
--! params: guard_functions
--! why: A guard is as good as the function it runs. Replaced by one that returns, every table it guards is open at once, with triggers that look
--!   untouched: so bodies are compared by SHA-256, and owner, language, rights and settings one by one. STRICT alone is enough: a function that
--!   is asked about null then answers null, and null refuses nothing. What somebody put into pg_catalog is told as well, since guards call what
--!   lies there.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/catalog-pg-proc.html
--!   https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
with wanted as (
  select w.name, w.args, w.sha256, w.language, w.definer, w.volatility, w.settings, w.clauses, w.owner, w.executors,
         pg_catalog.format('dbctl.%I', w.name) as signature
    from pg_catalog.jsonb_to_recordset($1)
      as w(name text, args text, sha256 text, language text, definer boolean, volatility text, settings jsonb, clauses text,
           owner text, executors jsonb)
), installed as (
  select p.oid, p.proname, p.prosrc, p.prosqlbody, p.prosecdef, p.proconfig, p.proisstrict, p.provolatile, p.proacl, p.proowner, l.lanname,
         pg_catalog.pg_get_function_arguments(p.oid) as args,
         pg_catalog.pg_get_userbyid(p.proowner) as owner,
         -- Where dbctl may not give its schema away, the functions belong to whom the schema belongs to: see imm-owner.
         pg_catalog.pg_get_userbyid(n.nspowner) as schema_owner
    from pg_catalog.pg_namespace n
    join pg_catalog.pg_proc p on p.pronamespace = n.oid
    join pg_catalog.pg_language l on l.oid = p.prolang
   where n.nspname = 'dbctl'
), compared as (
  select w.*, i.oid, i.proacl, i.proowner,
         case when i.prosqlbody is not null
                or pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(i.prosrc, 'UTF8')), 'hex') <> w.sha256
              then 'has another body' end as body,
         pg_catalog.concat_ws(', ',
           case when i.lanname <> w.language then pg_catalog.format('is written in %s', i.lanname) end,
           case when i.prosecdef <> w.definer then pg_catalog.format('is security %s', case when i.prosecdef then 'definer' else 'invoker' end) end,
           case when pg_catalog.lower(pg_catalog.to_jsonb(i.proconfig)::text) is distinct from w.settings::text
                then pg_catalog.format('runs with %s', coalesce(pg_catalog.array_to_string(i.proconfig, ', '), 'the search_path of its caller')) end,
           case when i.proisstrict then 'is strict' end,
           case when i.provolatile <> pg_catalog.left(w.volatility, 1) then 'is not ' || w.volatility end) as attributes,
         case when i.owner not in (w.owner, i.schema_owner) then pg_catalog.format('belongs to %I', i.owner) end as ownership
    from wanted w
    left join installed i on i.proname = w.name and i.args = w.args
), problem as (
  select c.signature, 1 as rank,
         pg_catalog.concat_ws(', ', case when c.oid is null then 'is missing' end, c.body, nullif(c.attributes, ''), c.ownership) as words,
         case when c.oid is null or c.body is not null then 'dbctl immutability install --repair'
              else pg_catalog.concat_ws(' ',
                     'begin; insert into dbctl.permit (relation, purpose, reason) values (null, ''upgrade'', ''guard function repaired'');',
                     case when c.attributes <> '' then
                       pg_catalog.format('alter function %s called on null input %s security %s reset all %s;', c.oid::regprocedure,
                                         c.volatility, case when c.definer then 'definer' else 'invoker' end, c.clauses) end,
                     case when c.ownership is not null then pg_catalog.format('alter function %s owner to %I;', c.oid::regprocedure, c.owner) end,
                     'commit;')
         end as statement
    from compared c
   where (c.oid is null or c.body is not null or c.attributes <> '' or c.ownership is not null)
     -- One finding, not one for each, where nothing is installed.
     and exists (select from compared other where other.oid is not null)
  union all
  select 'schema dbctl', 1, 'holds none of the functions guards rely on: nothing guards the append-only tables', 'dbctl immutability install'
   where not exists (select from compared c where c.oid is not null)
  union all
  -- Whoever may call an inner function can register, permit or forget what guards were asked about.
  select c.signature, 2,
         pg_catalog.format('may be executed by %s', pg_catalog.string_agg(g.grantee, ', ' order by g.grantee)),
         pg_catalog.format('revoke execute on function %s from %s;', c.oid::regprocedure, pg_catalog.string_agg(g.grantee, ', ' order by g.grantee))
    from compared c
   cross join lateral (
           select case when x.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end as grantee
             from pg_catalog.aclexplode(coalesce(c.proacl, pg_catalog.acldefault('f', c.proowner))) x
             left join pg_catalog.pg_roles r on r.oid = x.grantee
            where x.grantee <> c.proowner
              and not coalesce(c.executors ? r.rolname::text, false)) g
   where c.oid is not null and c.executors is not null
   group by c.signature, c.oid
  union all
  select i.oid::regprocedure::text, 2,
         pg_catalog.format('is a second %I, and calls of guards could reach it instead of dbctl''s', i.proname),
         pg_catalog.format(
           'begin; insert into dbctl.permit (relation, purpose, reason) values (null, ''upgrade'', ''foreign function''); drop function %s; commit;',
           i.oid::regprocedure)
    from installed i
   where exists (select from wanted w where w.name = i.proname)
     and not exists (select from wanted w where w.name = i.proname and w.args = i.args)
  union all
  -- Guards name pg_catalog in every call, and an exact match for the types wins. 16384 is the first oid that initdb does not give.
  select pg_catalog.format('pg_catalog.%s', o.name), 3,
         pg_catalog.format('(%s) lies in pg_catalog and is no part of PostgreSQL: calls of guards could reach it', o.arguments),
         pg_catalog.format('drop %s pg_catalog.%s (%s);', o.kind, o.name, o.arguments)
    from (select 'function' as kind, pg_catalog.quote_ident(p.proname) as name, pg_catalog.pg_get_function_identity_arguments(p.oid) as arguments,
                 p.oid, p.pronamespace as namespace, p.tableoid as catalog
            from pg_catalog.pg_proc p
          union all
          select 'operator', p.oprname::text,
                 pg_catalog.concat_ws(', ', case when p.oprleft = 0 then 'none' else p.oprleft::regtype::text end, p.oprright::regtype),
                 p.oid, p.oprnamespace, p.tableoid
            from pg_catalog.pg_operator p) o
   where o.oid >= 16384
     and o.namespace = 'pg_catalog'::regnamespace
     and not exists (
           select from pg_catalog.pg_depend d where d.classid = o.catalog and d.objid = o.oid and d.deptype = 'e')
)
select p.signature as object,
       pg_catalog.format('%s %s', p.signature, pg_catalog.string_agg(p.words, ', ' order by p.rank, p.words)) as detail,
       pg_catalog.jsonb_build_object(
         'severity', (pg_catalog.string_to_array('critical,high,medium', ','))[pg_catalog.min(p.rank)],
         'statement', pg_catalog.string_agg(p.statement, ' ' order by p.rank, p.words)) as data
  from problem p
 group by p.signature
 order by p.signature;
