--! title: No connection from another machine is let in without encryption
--! severity: critical
--! group: connection
--! scope: cluster
--! since: 16
--! needs: select pg_catalog.pg_hba_file_rules, execute pg_catalog.pg_hba_file_rules()
--! why: TLS that is offered and not asked for is TLS that clients leave out, by an old driver, by sslmode=prefer, or because who sits in
--!   between says the server has none. Only a line that begins with hostssl (or hostgssenc), or a reject before it, leaves no choice.
--! fix: in {line:sql} put hostssl at the beginning, with ssl on and clients at sslmode=verify-full; then select pg_reload_conf();
--! refs: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
--!   https://www.postgresql.org/docs/current/ssl-tcp.html
--!   CIS PostgreSQL 18: 5.4
-- Rules in the order the server tries them. Those it could not read, or that cannot match, have no number.
with rules as (
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
       pg_catalog.jsonb_build_object('line', r.line) as data
  from open o
  join rules r on r.number = o.number
 order by r.words;
