--! title: No published release closes a hole this server has
--! severity: high
--! group: version
--! scope: database
--! needs: advisories, execute pg_catalog.current_setting(text), execute pg_catalog.query_to_xml(text, boolean, boolean, text),
--!   select pg_catalog.pg_extension, select pg_catalog.pg_roles, select pg_catalog.pg_settings, select pg_catalog.pg_database,
--!   select pg_catalog.pg_namespace, select pg_catalog.pg_proc, select pg_catalog.pg_depend, select pg_catalog.pg_policy,
--!   select pg_catalog.pg_statistic_ext, select pg_catalog.pg_class, select pg_catalog.pg_available_extension_versions
--! params: advisories
--! why: Minor releases keep the data format: an update is a restart. From the day a release is out, what it repairs is public, and a
--!   server without it is an easy target. Being at the pin says nothing about holes found since. Each hole is weighed by what it takes
--!   to reach it: an extension that is installed or that somebody may install, a right, a setting, a kind of password. What the role
--!   may not see counts as open, and says so: a hole nobody could rule out is not closed. The severity is that of the worst open one.
--! fix: install PostgreSQL {newest:sql} on the server, update psql, pg_dump and libpq with it, and restart the server
--! refs: https://www.postgresql.org/support/security/
--!   CIS PostgreSQL 18: 1.5
with server as (
  select pg_catalog.current_setting('server_version_num')::int4 as number
), releases as (
  select (r.value ->> 'version')::int4 as number,
         r.value ->> 'date' as date
    from server s
   cross join pg_catalog.jsonb_array_elements($1 -> 'releases') as r(value)
   where r.value ->> 'status' <> 'withdrawn'
     and (r.value ->> 'version')::int4 / 10000 = s.number / 10000
     and (r.value ->> 'version')::int4 > s.number
), holes as materialized (
  select f.version::int4 as fixed,
         c.value ->> 'id' as id,
         (c.value ->> 'score')::numeric as score,
         c.value ->> 'subject' as subject,
         c.value ->> 'component' as component,
         coalesce(c.value ->> 'condition', 'any login role') as condition,
         -- Data without conditions: an extension's hole needs the extension, and the core's is always open.
         coalesce(
           c.value -> 'when',
           case
             when c.value ->> 'component' = 'extension' then
               (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array('extension ' || e.name) order by e.name)
                  from pg_catalog.jsonb_array_elements_text(c.value -> 'extensions') as e(name))
             else '[[]]'
           end) as alternatives
    from pg_catalog.jsonb_array_elements($1 -> 'cves') as c(value)
   cross join pg_catalog.jsonb_array_elements_text(c.value -> 'fixed') as f(version)
    join releases r on r.number = f.version::int4
), granted as (
  -- Whom a right to create was given: in the database, in any schema, or for temporary tables.
  select a.grantee, pg_catalog.lower(a.privilege_type) as kind
    from pg_catalog.pg_database d
   cross join pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) as a
   where d.datname = pg_catalog.current_database() and a.privilege_type in ('CREATE', 'TEMPORARY')
  union
  select a.grantee, 'schema'
    from pg_catalog.pg_namespace n
   cross join pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) as a
   where a.privilege_type = 'CREATE'
  union
  select a.grantee, 'statistics'
    from pg_catalog.pg_proc p
   cross join pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as a
   where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace and p.proname = 'pg_restore_attribute_stats'
  union
  select a.grantee, 'amcheck'
    from pg_catalog.pg_extension e
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid
                               and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.deptype = 'e'
    join pg_catalog.pg_proc p on p.oid = d.objid
   cross join pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as a
   where e.extname = 'amcheck'
), able as materialized (
  -- Who is no superuser and can log in with it, by name or by being a member; one name is enough to tell.
  select g.kind,
         case when pg_catalog.bool_or(g.grantee = 0) then 'every role'
              else 'role ' || pg_catalog.quote_ident(pg_catalog.min(l.rolname)) end as who
    from granted g
    left join pg_catalog.pg_roles l on g.grantee <> 0 and l.rolcanlogin and not l.rolsuper
                                   and pg_catalog.pg_has_role(l.oid, g.grantee, 'member')
   where g.grantee = 0 or l.oid is not null
   group by g.kind
), secrets as materialized (
  -- Asked as text, and only where it may be: a query that names a catalog the role may not read fails as a whole.
  select case
           when pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select') then
             pg_catalog.query_to_xml(
               'select pg_catalog.count(*) filter (where a.rolpassword ~ ''^md5'') as md5,
                       pg_catalog.count(*) filter (where a.rolpassword ~ ''^SCRAM-SHA-256[$]''
                                                     and a.rolpassword !~ ''^SCRAM-SHA-256[$]4096:'') as scram
                  from pg_catalog.pg_authid a', false, true, '')::text
         end as passwords,
         case
           when pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'select')
                and pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'execute') then
             pg_catalog.query_to_xml(
               'select pg_catalog.count(*) as gss from pg_catalog.pg_hba_file_rules h
                 where h.type = ''hostgssenc'' or h.auth_method = ''gss''', false, true, '')::text
         end as rules,
         case
           when pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'suborigin', 'select') then
             pg_catalog.query_to_xml(
               'select pg_catalog.count(*) as origin from pg_catalog.pg_subscription s where s.suborigin = ''none''',
               false, true, '')::text
         end as subscriptions
), settings as (
  select s.name, s.setting
    from pg_catalog.pg_settings s
   where s.name in ('ssl', 'unix_socket_directories', 'pg_stat_statements.max')
), facts (word, state, reason) as materialized (
  select 'create objects',
         case when a.who is null then 'no' else 'yes' end,
         coalesce(a.who || ' may create objects', 'nobody but superusers may create objects')
    from (select pg_catalog.min(a.who) as who from able a where a.kind in ('create', 'temporary', 'schema')) as a
  union all
  select 'create permanent objects',
         case when a.who is null then 'no' else 'yes' end,
         coalesce(a.who || ' may create objects that stay', 'nobody but superusers may create objects that stay')
    from (select pg_catalog.min(a.who) as who from able a where a.kind in ('create', 'schema')) as a
  union all
  select 'execute pg_restore_attribute_stats',
         case when a.who is null then 'no' else 'yes' end,
         coalesce(a.who || ' may call pg_restore_attribute_stats()', 'nobody but superusers may call pg_restore_attribute_stats()')
    from (select pg_catalog.min(a.who) as who from able a where a.kind = 'statistics') as a
  union all
  select 'amcheck granted',
         case when a.who is null then 'no' else 'yes' end,
         coalesce(a.who || ' may call functions of amcheck', 'nobody but superusers may call functions of amcheck, or it is not installed')
    from (select pg_catalog.min(a.who) as who from able a where a.kind = 'amcheck') as a
  union all
  select 'replication role',
         case when r.name is null then 'no' else 'yes' end,
         coalesce('role ' || pg_catalog.quote_ident(r.name) || ' has REPLICATION', 'no role but superusers has REPLICATION')
    from (select pg_catalog.min(r.rolname) as name from pg_catalog.pg_roles r where r.rolreplication and not r.rolsuper) as r
  union all
  select 'md5 password',
         case when x.passwords is null then 'hidden' when x.passwords ~ '<md5>0<' then 'no' else 'yes' end,
         case when x.passwords is null then 'no right to read pg_authid'
              when x.passwords ~ '<md5>0<' then 'no password is stored as MD5' else 'a password is stored as MD5' end
    from secrets x
  union all
  select 'scram iterations',
         case when x.passwords is null then 'hidden' when x.passwords ~ '<scram>0<' then 'no' else 'yes' end,
         case when x.passwords is null then 'no right to read pg_authid'
              when x.passwords ~ '<scram>0<' then 'every SCRAM password has 4096 iterations'
              else 'a SCRAM password has another number of iterations than 4096' end
    from secrets x
  union all
  select 'gss rule',
         case when x.rules is null then 'hidden' when x.rules ~ '<gss>0<' then 'no' else 'yes' end,
         case when x.rules is null then 'no right to read pg_hba_file_rules'
              when x.rules ~ '<gss>0<' then 'no line of pg_hba.conf asks for GSSAPI' else 'a line of pg_hba.conf asks for GSSAPI' end
    from secrets x
  union all
  select 'subscription with origin none',
         case when x.subscriptions is null then 'hidden' when x.subscriptions ~ '<origin>0<' then 'no' else 'yes' end,
         case when x.subscriptions is null then 'no right to read pg_subscription'
              when x.subscriptions ~ '<origin>0<' then 'no subscription has origin = none' else 'a subscription has origin = none' end
    from secrets x
  union all
  select t.word,
         case when s.setting is null then 'hidden' when (s.setting = 'on') = t.wanted then 'yes' else 'no' end,
         case when s.setting is null then 'the setting ssl is hidden' when s.setting = 'on' then 'ssl is on' else 'ssl is off' end
    from (values ('tls on', true), ('tls off', false)) as t(word, wanted)
    left join settings s on s.name = 'ssl'
  union all
  select 'unix socket',
         case when s.setting is null then 'hidden' when s.setting = '' then 'no' else 'yes' end,
         case when s.setting is null then 'the setting unix_socket_directories is hidden'
              when s.setting = '' then 'there is no Unix socket' else 'the server listens on a Unix socket' end
    from (select 1) as one
    left join settings s on s.name = 'unix_socket_directories'
  union all
  select 'loaded pg_stat_statements',
         case when s.name is null then 'no' else 'yes' end,
         case when s.name is null then 'the library of pg_stat_statements is not loaded' else 'the library of pg_stat_statements is loaded' end
    from (select 1) as one
    left join settings s on s.name = 'pg_stat_statements.max'
  union all
  select 'row policies',
         case when p.exists then 'yes' else 'no' end,
         case when p.exists then 'tables have row-level security policies' else 'no table has a row-level security policy' end
    from (select exists (select from pg_catalog.pg_policy)) as p
  union all
  select 'statistics of another owner',
         case when x.exists then 'yes' else 'no' end,
         case when x.exists then 'a table and its extended statistics have different owners'
              else 'every table and its extended statistics have the same owner' end
    from (select exists (select from pg_catalog.pg_statistic_ext x
                           join pg_catalog.pg_class c on c.oid = x.stxrelid
                          where c.relowner <> x.stxowner)) as x
  union all
  select '32-bit build',
         case when v.text ~ '32-bit' then 'yes' else 'no' end,
         case when v.text ~ '32-bit' then 'the server was built for 32 bits' else 'the server was built for 64 bits' end
    from pg_catalog.version() as v(text)
  union all
  select 'extension ' || w.name,
         case when e.extname is not null or (t.name is not null and a.who is not null) then 'yes' else 'no' end,
         case when e.extname is not null then pg_catalog.format('extension %I is installed', w.name)
              when t.name is not null and a.who is not null then pg_catalog.format('%s may install the trusted extension %I', a.who, w.name)
              else pg_catalog.format('extension %I is not installed, and only a superuser could', w.name) end
    from (select distinct pg_catalog.substr(w.word, 11) as name
            from holes h
           cross join pg_catalog.jsonb_array_elements(h.alternatives) as o(words)
           cross join pg_catalog.jsonb_array_elements_text(o.words) as w(word)
           where w.word like 'extension %') as w
    left join pg_catalog.pg_extension e on e.extname::text = w.name
    left join (select distinct v.name::text as name from pg_catalog.pg_available_extension_versions v where v.trusted) as t on t.name = w.name
    left join able a on a.kind = 'create'
), alternatives as (
  -- Open when all its words are true; not known when one is hidden and none is false. No words: always.
  select h.fixed,
         h.id,
         case
           when pg_catalog.bool_or(f.state = 'no') then 'no'
           when pg_catalog.bool_or(w.word is not null and coalesce(f.state, 'hidden') = 'hidden') then 'hidden'
           else 'yes'
         end as state,
         coalesce(
           pg_catalog.string_agg(coalesce(f.reason, pg_catalog.format('dbctl cannot look for "%s"', w.word)), ', ' order by w.number)
             filter (where w.word is not null and coalesce(f.state, 'hidden') = 'no'),
           pg_catalog.string_agg(coalesce(f.reason, pg_catalog.format('dbctl cannot look for "%s"', w.word)), ', ' order by w.number)
             filter (where w.word is not null and coalesce(f.state, 'hidden') = 'hidden'),
           pg_catalog.string_agg(f.reason, ', ' order by w.number) filter (where w.word is not null),
           h.condition) as reason
    from holes h
   cross join pg_catalog.jsonb_array_elements(h.alternatives) with ordinality as o(words, number)
    left join pg_catalog.jsonb_array_elements_text(o.words) with ordinality as w(word, number) on true
    left join facts f on f.word = w.word
   where h.component <> 'client'
   group by h.fixed, h.id, h.condition, o.number
), weighed as (
  select distinct on (a.fixed, a.id)
         a.fixed, a.id, a.state, a.reason
    from alternatives a
   order by a.fixed, a.id, case a.state when 'yes' then 1 when 'hidden' then 2 else 3 end, a.reason
), judged as (
  select h.fixed, h.id, h.score, h.subject, h.component, coalesce(w.state, 'client') as state, w.reason
    from holes h
    left join weighed w on w.fixed = h.fixed and w.id = h.id
), summed as (
  select r.number,
         r.date,
         pg_catalog.count(*) as holes,
         pg_catalog.count(*) filter (where j.state in ('yes', 'hidden')) as open,
         pg_catalog.count(*) filter (where j.state = 'hidden') as hidden,
         pg_catalog.count(*) filter (where j.state = 'client') as client,
         pg_catalog.max(j.score) filter (where j.state in ('yes', 'hidden')) as worst_score,
         (pg_catalog.array_agg(pg_catalog.format('%s (%s, %s)', j.id, j.score, j.subject) order by j.score desc, j.id)
            filter (where j.state in ('yes', 'hidden')))[1] as worst,
         pg_catalog.jsonb_agg(j.id order by j.score desc, j.id) filter (where j.state in ('yes', 'hidden')) as open_ids,
         pg_catalog.jsonb_agg(
           pg_catalog.jsonb_build_object('id', j.id, 'score', j.score, 'subject', j.subject, 'why', j.reason) order by j.score desc, j.id)
           filter (where j.state = 'yes') as exposed,
         pg_catalog.jsonb_agg(
           pg_catalog.jsonb_build_object('id', j.id, 'score', j.score, 'subject', j.subject, 'why', 'could not look: ' || j.reason)
             order by j.score desc, j.id)
           filter (where j.state = 'hidden') as not_seen,
         pg_catalog.jsonb_agg(
           pg_catalog.jsonb_build_object('id', j.id, 'score', j.score, 'subject', j.subject, 'why', j.reason) order by j.score desc, j.id)
           filter (where j.state = 'no') as not_exposed,
         pg_catalog.jsonb_agg(j.id order by j.score desc, j.id) filter (where j.state = 'client') as client_ids,
         (select pg_catalog.max(n.number) from releases n) as newest
    from releases r
    join judged j on j.fixed = r.number
   group by r.number, r.date
)
select pg_catalog.format('%s.%s', s.number / 10000, s.number % 10000) as object,
       case
         when s.open > 0 then
           pg_catalog.format('release %s.%s of %s closes %s holes, %s of them open on this server%s and %s in client programs; worst here: %s',
                             s.number / 10000, s.number % 10000, s.date, s.holes, s.open,
                             case when s.hidden > 0 then pg_catalog.format(' (%s because the role could not look)', s.hidden) else '' end,
                             s.client, s.worst)
         else
           pg_catalog.format('release %s.%s of %s closes %s holes, none open here: %s are in client programs, the rest cannot be reached here',
                             s.number / 10000, s.number % 10000, s.date, s.holes, s.client)
       end as detail,
       pg_catalog.jsonb_build_object(
         'severity', case
                       when s.worst_score >= 9 then 'critical'
                       when s.worst_score >= 7 then 'high'
                       when s.worst_score >= 4 then 'medium'
                       else 'low'
                     end,
         'open', coalesce(s.open_ids, '[]'),
         'exposed', coalesce(s.exposed, '[]'),
         'not_seen', coalesce(s.not_seen, '[]'),
         'not_exposed', coalesce(s.not_exposed, '[]'),
         'client', coalesce(s.client_ids, '[]'),
         'worst_score', s.worst_score,
         'newest', pg_catalog.format('%s.%s', s.newest / 10000, s.newest % 10000)) as data
  from summed s
 order by s.number;
