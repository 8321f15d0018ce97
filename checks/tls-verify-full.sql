--! title: This session knows that it speaks with the right server
--! severity: high
--! group: connection
--! scope: cluster
--! needs: execute pg_catalog.inet_client_addr()
--! params: connection
--! why: With sslmode require or prefer any certificate will do, so that whoever can redirect a name or an address passes for the server and
--!   is given the password and the rows. With verify-ca any server of the same authority can. On the loopback and on a Unix socket there is
--!   nobody in between.
--! fix: use sslmode=verify-full in the URL, with the authority's certificate in sslrootcert (or sslrootcert=system)
--! refs: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
with seen as (
  select ($1 ->> 'crosses_network')::bool as leaves,
         ($1 ->> 'encrypted')::bool as encrypted,
         $1 ->> 'ssl_mode' as mode,
         $1 ->> 'host' as host,
         pg_catalog.inet_client_addr() as address
), found as (
  select case
           when s.mode is null then pg_catalog.format('how the server at %s proved who it is', s.host)
           when not s.encrypted then pg_catalog.format('sslmode is %s and the session is in clear: anyone between can pass for %s', s.mode, s.host)
           when s.mode = 'verify-ca' then
             pg_catalog.format('sslmode is verify-ca: any server with a certificate of the same authority can pass for %s', s.host)
           else pg_catalog.format('sslmode is %s: anyone between can pass for %s', s.mode, s.host)
         end as detail,
         case when s.mode = 'verify-ca' then 'medium' else 'high' end as severity,
         s.mode is null as unknown
    from seen s
   where s.leaves
     and (s.mode is null or s.mode <> 'verify-full')
  union all
  select pg_catalog.format('this session begins on the loopback and comes to the server from %s: what is between proves itself to nobody dbctl knows',
                           pg_catalog.host(s.address)),
         'high',
         true
    from seen s
   where not s.leaves
     and not s.address <<= '127.0.0.0/8'
     and s.address <> '::1'
)
select 'this session' as object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'status', case when f.unknown then 'unknown' end) as data
  from found f
 order by f.detail;
