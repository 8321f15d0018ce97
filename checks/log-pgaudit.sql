--! title: What statements come to is recorded by pgaudit, for every role
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: setting shared_preload_libraries, select pg_catalog.pg_settings, select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles,
--!   select pg_catalog.pg_database
--! why: The log of log_statement has the text that was sent, and not what it came to: which tables a function read,
--!   what ran inside a DO block. pgaudit has
--!   each of them, by class. Preloaded it records nothing until pgaudit.log names a class, and a role with an empty value of its own
--!   leaves no trace.
--! fix: {statement:sql}
--! refs: https://github.com/pgaudit/pgaudit
--!   CIS PostgreSQL 18: 3.2
with library as (
  select pg_catalog.regexp_replace(pg_catalog.btrim(l.name, ' "'), '^\$libdir/|\.so$', '', 'g') = 'pgaudit' as is_it, s.setting
    from pg_catalog.pg_settings s
   cross join lateral pg_catalog.regexp_split_to_table(s.setting, ',') as l(name)
   where s.name = 'shared_preload_libraries'
), preloaded as (
  select coalesce(pg_catalog.bool_or(l.is_it), false) as yes, pg_catalog.btrim(pg_catalog.min(l.setting)) as others from library l
), recorded as (
  select s.setting,
         s.source in ('default', 'configuration file', 'command line', 'environment variable', 'override') as is_servers
    from pg_catalog.pg_settings s
   where s.name = 'pgaudit.log'
), overrides as (
  select coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject,
         pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) as value
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
   where pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = 'pgaudit.log'
     and (o.setrole = 0 or r.rolcanlogin)
), lists as materialized (
  select r.setting as value from recorded r
  union
  select o.value from overrides o
), judged as materialized (
  -- Words count in order, and a minus takes a class away: each class is as the last word says that names it or all.
  select l.value,
         not exists (
           select
             from (values ('ddl', null), ('function', null), ('misc', null), ('misc_set', 'misc'), ('read', null), ('role', null),
                          ('write', null)) as c(class, whole)
            cross join lateral (
              select w.name
                from pg_catalog.regexp_split_to_table(pg_catalog.lower(l.value), ',') with ordinality as t(word, place)
               cross join lateral (select pg_catalog.btrim(t.word, E' "\t\n') as name) as w
               where pg_catalog.ltrim(w.name, '-') in (c.class, c.whole, 'all')
               order by t.place desc
               limit 1) as last
            where last.name not like '-%') as is_empty
    from lists l
), found as (
  select 'shared_preload_libraries' as object,
         'pgaudit is not preloaded: nothing records what statements came to' as detail,
         pg_catalog.format('alter system set shared_preload_libraries = %s; -- with its package installed; then restart, create extension '
           'pgaudit, and alter system set pgaudit.log = ''ddl, role, write'';',
                           (select pg_catalog.string_agg(pg_catalog.quote_literal(pg_catalog.btrim(t.name, ' "')), ', ' order by t.place)
                              from pg_catalog.regexp_split_to_table(case p.others when '' then 'pgaudit' else p.others || ',pgaudit' end, ',')
                                   with ordinality as t(name, place))) as statement,
         null::text as status
    from preloaded p
   where not p.yes
  union all
  select 'pgaudit.log',
         case when r.is_servers is not false then 'pgaudit is preloaded and records no class'
              else 'what pgaudit.log is for the server is hidden from this session by a value of its own' end,
         case when r.is_servers is not false then 'alter system set pgaudit.log = ''ddl, role, write''; select pg_reload_conf();'
              else 'run dbctl verify in a session that does not set pgaudit.log' end,
         case when not r.is_servers then 'unknown' end
    from preloaded p
    left join recorded r on true
    left join judged j on j.value = r.setting
   where p.yes and (j.is_empty is not false or not r.is_servers)
  union all
  select o.subject,
         pg_catalog.format('%s has pgaudit.log %s of its own: what it does is not recorded', o.subject,
                           case pg_catalog.btrim(o.value, ' "') when '' then 'empty' else pg_catalog.quote_literal(o.value) end),
         pg_catalog.format('alter %s reset pgaudit.log;', o.subject),
         null
    from preloaded p
   cross join overrides o
    join judged j on j.value = o.value
   where p.yes and j.is_empty
)
select f.object,
       f.detail,
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('statement', f.statement, 'status', f.status)) as data
  from found f
 order by f.object;
