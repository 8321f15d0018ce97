--! title: Every line of pg_hba.conf is read, and some connection can meet it
--! severity: high
--! group: authentication
--! scope: cluster
--! since: 16
--! needs: select pg_catalog.pg_hba_file_rules, execute pg_catalog.pg_hba_file_rules()
--! why: The first line that fits decides. One behind a wider line never does: a reject there keeps nobody out, and people rely on it. With
--!   a line that cannot be read the server refuses to reload the whole file, and does not start with it. A line for a name the file
--!   quotes ("all") is taken for the keyword here: the server does not tell them apart to those who ask.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
--!   https://www.postgresql.org/docs/current/view-pg-hba-file-rules.html
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
), places as (
  select pg_catalog.row_number() over (order by a.ip, a.symbol, e.encryption) as id, a.ip, a.symbol, e.encryption
    from addresses a
   cross join (values ('plain'), ('tls'), ('gss')) as e(encryption)
   where a.ip is not null or a.symbol is not null
  union all
  select 0, null, null, 'local'
), meetings as (
  select r.number, r.databases, r.users, p.id as place
    from rules r
    join places p
      on case r.type
           when 'local' then p.encryption = 'local'
           when 'host' then p.encryption <> 'local'
           when 'hostssl' then p.encryption = 'tls'
           when 'hostnossl' then p.encryption in ('plain', 'gss')
           when 'hostgssenc' then p.encryption = 'gss'
           when 'hostnogssenc' then p.encryption in ('plain', 'tls')
         end
     and (r.type = 'local' or r.symbol in ('all', p.symbol) or r.network >>= p.ip)
), covered as (
  select m.number,
         pg_catalog.min(e.number) as by
    from meetings m
    left join meetings e
      on e.number < m.number
     and e.place = m.place
     and (m.users <@ e.users or 'all' = any (e.users))
     and (m.databases <@ e.databases
          or ('all' = any (e.databases) and ('replication' = any (e.databases) or not 'replication' = any (m.databases))))
   group by m.number, m.place
), shadowed as (
  select c.number, pg_catalog.min(c.by) as by
    from covered c
   group by c.number
  having pg_catalog.bool_and(c.by is not null)
), found as (
  select r.words as object,
         pg_catalog.format('%s (%s) never matches: %s (%s) comes first%s', r.line, r.words, e.line, e.words,
                           case when r.method = 'reject' and e.method <> 'reject' then ', and nobody is rejected' end) as detail,
         case when r.method = 'reject' and e.method <> 'reject' then 'high' else 'medium' end as severity,
         pg_catalog.format('move %s above %s, or remove it; then select pg_reload_conf();', r.line, e.line) as statement,
         r.number
    from shadowed s
    join rules r on r.number = s.number
    join rules e on e.number = s.by
  union all
  select pg_catalog.format('line %s of %s', h.line_number, h.file_name),
         pg_catalog.format('line %s of %s: %s', h.line_number, h.file_name, h.error),
         -- A rule that was read and cannot match lets nobody in; any other error keeps the file from being loaded.
         case when h.type is null then 'high' else 'medium' end,
         pg_catalog.format('correct line %s of %s, then select pg_reload_conf();', h.line_number, h.file_name),
         0
    from pg_catalog.pg_hba_file_rules h
   where h.error is not null
)
select f.object,
       -- A line may be there several times.
       (pg_catalog.array_agg(f.detail order by f.number))[1] as detail,
       pg_catalog.jsonb_build_object(
         'severity', (pg_catalog.array_agg(f.severity order by f.number))[1],
         'statement', (pg_catalog.array_agg(f.statement order by f.number))[1]) as data
  from found f
 group by f.object
 order by f.object;
