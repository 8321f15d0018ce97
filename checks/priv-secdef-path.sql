--! title: Functions with their owner's rights look for names where nobody else puts any
--! severity: high
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_proc, select pg_catalog.pg_namespace, select pg_catalog.pg_roles, select pg_catalog.pg_language,
--!   select pg_catalog.pg_depend
--! why: A SECURITY DEFINER function without search_path takes tables, functions and operators from the schemas of its caller, who puts his own
--!   there and has them run with the owner's rights. A path that does not end with pg_temp is searched after the caller's temporary tables
--!   and views (seen on 18.2); one over a schema where others may create is as good as theirs.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
--!   https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SEARCH-PATH
--!   CIS PostgreSQL 18: 4.5
with definer as (
  select p.oid, p.proowner, o.rolname as owner, n.nspname,
         pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)) as routine,
         (select pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1)
            from pg_catalog.unnest(p.proconfig) as c(entry)
           where pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = 'search_path') as path
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
    join pg_catalog.pg_roles o on o.oid = p.proowner
   where p.prosecdef
     and p.oid >= 16384
     -- Names of BEGIN ATOMIC were looked up when it was made; compiled code has none.
     and p.prosqlbody is null
     and l.lanname not in ('c', 'internal')
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
), part as (
  -- Bare words or quoted, with quotes doubled inside; "" alone stands for no schema.
  select d.oid, d.routine, d.owner, d.proowner, m.number,
         coalesce(pg_catalog.replace(m.part[1], '""', '"'), pg_catalog.lower(m.part[2])) as schema
    from definer d
   cross join lateral pg_catalog.regexp_matches(d.path, '"((?:[^"]|"")*)"|([^",[:space:]]+)', 'g') with ordinality as m(part, number)
), searched as (
  select p.oid, p.number, p.owner, p.proowner, p.routine, case p.schema when '$user' then p.owner::text else p.schema end as schema
    from part p
   where p.schema <> ''
), shape as (
  select s.oid,
         pg_catalog.max(s.number) = pg_catalog.max(s.number) filter (where s.schema = 'pg_temp') as temp_is_last,
         pg_catalog.string_agg(pg_catalog.quote_ident(s.schema), ', ' order by s.number) filter (where s.schema <> 'pg_temp') as others
    from searched s
   group by s.oid
), writable as (
  select s.oid, n.nspname, w.writer,
         case when w.grantee = 0 then 'public' else pg_catalog.quote_ident(w.writer) end as named, w.owns
    from searched s
    join pg_catalog.pg_namespace n on n.nspname = s.schema
   cross join lateral (
     select 0::oid as grantee, null::name as writer, false as owns
       from pg_catalog.aclexplode(n.nspacl) as a where a.privilege_type = 'CREATE' and a.grantee = 0
     union
     select r.oid, r.rolname, false
       from pg_catalog.aclexplode(n.nspacl) as a
       join pg_catalog.pg_roles r on r.oid = a.grantee
      where a.privilege_type = 'CREATE' and not r.rolsuper and r.oid not in (s.proowner, n.nspowner)
     union
     -- pg_database_owner is whoever owns the database, and so has the functions in it anyway.
     select r.oid, r.rolname, true
       from pg_catalog.pg_roles r
      where r.oid = n.nspowner and not r.rolsuper and r.oid <> s.proowner and r.rolname <> 'pg_database_owner'
   ) as w
), found as (
  select d.routine as object,
         pg_catalog.format('%s runs as %I and has no search_path: what it names comes from the schemas of its caller', d.routine, d.owner) as detail,
         'high' as severity,
         pg_catalog.format('alter routine %s set search_path = %I, pg_temp;', d.routine, d.nspname) as statement
    from definer d
   where d.path is null
  union all
  select d.routine || ': pg_temp',
         pg_catalog.format('%s runs as %I, and temporary tables and views of its caller come before its search_path (%s)',
                           d.routine, d.owner, d.path),
         'high',
         pg_catalog.format('alter routine %s set search_path = %s;', d.routine, pg_catalog.concat_ws(', ', s.others, 'pg_temp'))
    from definer d
    join shape s on s.oid = d.oid
   where s.temp_is_last is not true
  union all
  select pg_catalog.format('%s: %I', d.routine, w.nspname),
         pg_catalog.format('%s runs as %I and looks in schema %I, where %s: what it calls may be theirs', d.routine, d.owner, w.nspname,
                           pg_catalog.string_agg(coalesce(pg_catalog.quote_ident(w.writer), 'everybody')
                                                 || case when w.owns then ' is the owner' else ' may create' end,
                                                 ' and ' order by w.owns, w.named)),
         case when pg_catalog.bool_and(w.owns) then 'medium' else 'high' end,
         pg_catalog.concat_ws(' ',
           pg_catalog.format('revoke create on schema %I from ', w.nspname)
             || (pg_catalog.string_agg(w.named, ', ' order by w.named) filter (where not w.owns)) || ';',
           case when pg_catalog.bool_or(w.owns) then
             pg_catalog.format('alter routine %s owner to %s; -- or name every schema in its body, and set search_path = ''''',
                               d.routine, pg_catalog.max(w.named) filter (where w.owns)) end)
    from definer d
    join writable w on w.oid = d.oid
   group by d.oid, d.routine, d.owner, w.nspname
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
