--! title: No superuser can log in from another machine
--! severity: high
--! group: authentication
--! scope: cluster
--! since: 16
--! needs: select pg_catalog.pg_hba_file_rules, execute pg_catalog.pg_hba_file_rules(), setting ssl, select pg_catalog.pg_roles,
--!   select pg_catalog.pg_auth_members, select pg_catalog.pg_database
--! why: A superuser's password that leaks is the server, its files and its machine. From the machine itself it takes an account there as
--!   well. Each superuser is tried on each database, from each kind of address, with and without TLS, against the lines in their order: a
--!   line for all is one for superusers, and +group is one for those superusers who are members by name.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
--!   CIS PostgreSQL 18: 4.3
-- Rules in the order the server tries them. Those it could not read, or that cannot match, have no number.
with recursive rules as (
  select h.rule_number as number,
         h.type,
         h.database as databases,
         h.user_name as users,
         h.auth_method as method,
         pg_catalog.format('line %s of %s', h.line_number, pg_catalog.regexp_replace(h.file_name, '^.*[/\\]', '')) as line,
         n.network,
         -- all, samehost, samenet, a host name, or a mask with holes.
         case when n.network is null then pg_catalog.concat_ws(' ', h.address, h.netmask) end as symbol,
         pg_catalog.concat_ws(' ', h.type, pg_catalog.array_to_string(h.database, ','), pg_catalog.array_to_string(h.user_name, ','),
                              coalesce(n.network::text, h.address || coalesce(' ' || h.netmask, '')), h.auth_method) as words
    from pg_catalog.pg_hba_file_rules h
   cross join lateral (
     select case
              when h.netmask is not null then
                pg_catalog.inet_merge(h.address::pg_catalog.inet, h.address::pg_catalog.inet | ~ h.netmask::pg_catalog.inet)
            end as range) as m
   cross join lateral (
     select case when pg_catalog.host(pg_catalog.netmask(m.range)) = h.netmask then m.range end as network) as n
   where h.rule_number is not null
), addresses(ip, symbol) as (
  -- Where the answer can change: where a network begins, and just behind its end. A name stands for addresses nobody knows here.
  select pg_catalog.host(r.network)::pg_catalog.inet, null::text from rules r where r.network is not null
  union
  select case
           when pg_catalog.host(e.last) not in ('255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff') then
             pg_catalog.host(e.last)::pg_catalog.inet + 1
         end,
         null
    from rules r
   cross join lateral (select pg_catalog.broadcast(r.network) as last) as e
   where r.network is not null
  union
  values ('0.0.0.0'::pg_catalog.inet, null), ('::'::pg_catalog.inet, null)
  union
  select null, r.symbol from rules r where r.symbol not in ('', 'all')
), loopback(network) as (
  values ('127.0.0.0/8'::pg_catalog.inet), ('::1'::pg_catalog.inet)
), encryptions(encryption) as (
  values ('plain')
  union all
  select 'tls' from pg_catalog.pg_settings s where s.name = 'ssl' and s.setting = 'on'
  union all
  select distinct 'gss' from rules r where r.type in ('hostgssenc', 'hostnogssenc')
), memberships(role, name, granted) as (
  select r.oid, r.rolname, r.oid from pg_catalog.pg_roles r where r.rolsuper and r.rolcanlogin
  union
  select m.role, m.name, a.roleid
    from memberships m
    join pg_catalog.pg_auth_members a on a.member = m.granted
), logins as (
  select m.name::text as role, pg_catalog.array_agg(g.rolname::text) as groups
    from memberships m
    join pg_catalog.pg_roles g on g.oid = m.granted
   group by m.name
), targets(database) as (
  select d.datname::text from pg_catalog.pg_database d where d.datallowconn
  union all
  -- A connection for replication has no database.
  select null
), doors as (
  -- The lines whose words fit, for each role and database.
  select l.role,
         t.database,
         array (select r.number
                  from rules r
                 where exists (select
                                 from pg_catalog.unnest(r.users) as u(word)
                                where case
                                        when u.word = 'all' then true
                                        when u.word like '+%' then pg_catalog.substr(u.word, 2) = any (l.groups)
                                        when u.word like '/%' then l.role ~ pg_catalog.substr(u.word, 2)
                                        else u.word = l.role
                                      end)
                   and exists (select
                                 from pg_catalog.unnest(r.databases) as d(word)
                                where case
                                        when t.database is null then d.word = 'replication'
                                        when d.word = 'all' then true
                                        when d.word = 'sameuser' then t.database = l.role
                                        when d.word in ('samerole', 'samegroup') then t.database = any (l.groups)
                                        when d.word = 'replication' then false
                                        when d.word like '/%' then t.database ~ pg_catalog.substr(d.word, 2)
                                        else d.word = t.database
                                      end)
                 order by r.number) as numbers
    from logins l
   cross join targets t
), places as (
  -- The lines that are for it, for each address and encryption.
  select a.ip,
         a.symbol,
         e.encryption,
         array (select r.number
                  from rules r
                 where (r.symbol in ('all', a.symbol) or r.network >>= a.ip)
                   and case r.type
                         when 'host' then true
                         when 'hostssl' then e.encryption = 'tls'
                         when 'hostnossl' then e.encryption <> 'tls'
                         when 'hostgssenc' then e.encryption = 'gss'
                         when 'hostnogssenc' then e.encryption <> 'gss'
                         else false
                       end
                 order by r.number) as numbers
    from addresses a
   cross join encryptions e
   where (a.ip is not null or a.symbol <> 'samehost')
     and not exists (select from loopback l where l.network >>= a.ip)
), first as (
  select d.role,
         (select pg_catalog.min(n.number) from pg_catalog.unnest(d.numbers) as n(number) where n.number = any (p.numbers)) as number
    from (select distinct d.role, d.numbers from doors d) as d
   cross join (select distinct p.numbers from places p) as p
), let_in as (
  select distinct f.role, r.number, r.line, r.words, r.method
    from first f
    join rules r on r.number = f.number
   where r.method <> 'reject'
)
select l.role as object,
       pg_catalog.format('superuser %I can log in from other machines by %s (%s)%s', l.role,
                         (pg_catalog.array_agg(l.line order by l.number))[1], (pg_catalog.array_agg(l.words order by l.number))[1],
                         case pg_catalog.count(*)
                           when 1 then ''
                           when 2 then ' and one more line'
                           else pg_catalog.format(' and %s more lines', pg_catalog.count(*) - 1)
                         end) as detail,
       pg_catalog.jsonb_build_object(
         'severity', case when pg_catalog.bool_or(l.method = 'trust') then 'critical' else 'high' end,
         'lines', pg_catalog.jsonb_agg(l.line order by l.number),
         'statement', pg_catalog.format('above %s put: host all,replication %s all reject; then select pg_reload_conf();',
                                        (pg_catalog.array_agg(l.line order by l.number))[1],
                                        '"' || pg_catalog.replace(l.role, '"', '""') || '"')) as data
  from let_in l
 group by l.role
 order by l.role;
