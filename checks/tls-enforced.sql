--! title: No connection from another machine is let in without encryption
--! severity: critical
--! group: connection
--! scope: cluster
--! since: 16
--! needs: select pg_catalog.pg_hba_file_rules or unoverridden rds.force_ssl or unoverridden require_secure_transport,
--!   execute pg_catalog.pg_hba_file_rules() or unoverridden rds.force_ssl or unoverridden require_secure_transport,
--!   select pg_catalog.pg_settings, execute pg_catalog.query_to_xml(text, boolean, boolean, text)
--! why: TLS that is offered and not asked for is TLS that clients leave out, by an old driver, by sslmode=prefer, or because who sits in
--!   between says the server has none. Only a line that begins with hostssl (or hostgssenc), or a reject before it, leaves no choice.
--!   Where a service keeps pg_hba.conf to itself its own switch answers: rds.force_ssl of RDS and Aurora, require_secure_transport of Azure.
--!   Cloud SQL and Supabase keep theirs outside of PostgreSQL, where no session sees it.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
--!   https://www.postgresql.org/docs/current/ssl-tcp.html
--!   https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
--!   https://learn.microsoft.com/en-us/azure/postgresql/flexible-server/concepts-security
--!   CIS PostgreSQL 18: 5.4
-- A name with a dot can be set by everybody, and means nothing then: only what a loaded library has declared is a row of this view.
with service as materialized (
  select s.name, pg_catalog.lower(s.setting) in ('on', '1', 'true', 'yes') as is_on,
         pg_catalog.lower(s.setting) in ('off', '0', 'false', 'no') as is_off, s.setting
    from pg_catalog.pg_settings s
   where s.name in ('rds.force_ssl', 'require_secure_transport')
     and s.source in ('default', 'configuration file', 'command line', 'environment variable', 'override')
), shown as materialized (
  -- Asked as text, and only where it has to be: a query that names a view the role may not read fails as a whole.
  select case
           when not exists (select from service) then
             pg_catalog.query_to_xml(
               'select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(h)) as rules from pg_catalog.pg_hba_file_rules h
                 where h.rule_number is not null', false, true, '')::text
         end as document
), listed as materialized (
  select pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
           pg_catalog.substring(s.document, '<rules>(.*)</rules>'), '&lt;', '<'), '&gt;', '>'), '&amp;', '&')::pg_catalog.jsonb as rules
    from shown s
), rules as (
  -- In the order the server tries them. Those it could not read, or that cannot match, have no number.
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
    from listed l
   cross join lateral pg_catalog.jsonb_to_recordset(l.rules)
                      as h(rule_number int4, file_name text, line_number int4, type text, database text[], user_name text[], address text,
                           netmask text, auth_method text)
   cross join lateral (
     select case
              when h.netmask is not null then
                pg_catalog.inet_merge(h.address::pg_catalog.inet, h.address::pg_catalog.inet | ~ h.netmask::pg_catalog.inet)
            end as range) as m
   cross join lateral (
     select case when pg_catalog.host(pg_catalog.netmask(m.range)) = h.netmask then m.range end as network) as n
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
), places as (
  select pg_catalog.row_number() over (order by a.ip, a.symbol) as id, a.ip, a.symbol
    from addresses a
   where (a.ip is not null or a.symbol <> 'samehost')
     and not exists (select from loopback l where l.network >>= a.ip)
), meetings as (
  -- From elsewhere, in clear.
  select r.number, r.databases, r.users, r.method, p.id as place
    from rules r
    join places p on r.symbol in ('all', p.symbol) or r.network >>= p.ip
   where r.type in ('host', 'hostnossl', 'hostnogssenc')
), open as (
  select m.number
    from meetings m
   where m.method <> 'reject'
     and not exists (select
                       from meetings e
                      where e.number < m.number
                        and e.place = m.place
                        and (m.users <@ e.users or 'all' = any (e.users))
                        and (m.databases <@ e.databases
                             or ('all' = any (e.databases)
                                 and ('replication' = any (e.databases) or not 'replication' = any (m.databases)))))
   group by m.number
)
select r.words as object,
       pg_catalog.format('%s lets other machines in without TLS%s', r.line,
                         case when r.method = 'trust' then ', and without a password' end) as detail,
       pg_catalog.jsonb_build_object(
         'line', r.line,
         'statement', pg_catalog.format('in %s put hostssl at the beginning, with ssl on and clients at sslmode=verify-full; then '
           'select pg_reload_conf();', r.line)) as data
  from open o
  join rules r on r.number = o.number
union all
select s.name,
       case when s.is_off then pg_catalog.format('%s is %s: the service lets other machines in without TLS', s.name, s.setting)
            else pg_catalog.format('%s is %L, which says neither yes nor no', s.name, s.setting) end,
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
         'status', case when not s.is_off then 'unknown' end,
         'statement', case s.name when 'rds.force_ssl' then 'alter system set rds.force_ssl = 1; -- then restart the server'
                                 else 'alter system set require_secure_transport = on; select pg_reload_conf();' end))
  from service s
 where not s.is_on
 order by 1;
