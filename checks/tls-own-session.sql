--! title: What dbctl and the server say to each other is encrypted wherever it crosses a network
--! severity: critical
--! group: connection
--! scope: cluster
--! needs: select pg_catalog.pg_stat_ssl, execute pg_catalog.inet_client_addr()
--! params: connection
--! why: What this session sends, the passwords of roles and the rows of dumps among it, can be read and changed on the way. The loopback
--!   and a Unix socket need no TLS, since nothing leaves the machine. Behind a pooler both halves are looked at: the one to the pooler as
--!   dbctl sees it, the one from it as the server does.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-SSL-VIEW
--!   https://www.postgresql.org/docs/current/libpq-ssl.html
--!   CIS PostgreSQL 18: 6.8
with halves as (
  select ($1 ->> 'crosses_network')::bool as leaves,
         ($1 ->> 'encrypted')::bool as encrypted,
         $1 ->> 'host' as host,
         c.address,
         c.address is not null and not c.address <<= '127.0.0.0/8' and c.address <> '::1' as arrives_from_afar,
         s.ssl,
         s.version
    from pg_catalog.pg_stat_ssl s
   cross join (select pg_catalog.inet_client_addr() as address) as c
   where s.pid = pg_catalog.pg_backend_pid()
), found as (
  select pg_catalog.format('this session goes to %s in clear', b.host) as detail,
         'critical' as severity,
         'use sslmode=verify-full in the URL, and ssl = on on the server' as statement,
         false as unknown
    from halves b
   where b.leaves
     and not b.encrypted
  union all
  select pg_catalog.format('this session is encrypted up to what answers at %s, and comes to the server from %s in clear: a pooler is between',
                           b.host, pg_catalog.host(b.address)),
         'high',
         'let the pooler speak TLS with the server as well (PgBouncer: server_tls_sslmode = verify-full)',
         false
    from halves b
   where b.leaves
     and b.encrypted
     and b.arrives_from_afar
     and not b.ssl
  union all
  select pg_catalog.format('this session speaks %s', b.version),
         'high',
         'alter system set ssl_min_protocol_version = ''TLSv1.2''; select pg_reload_conf();',
         false
    from halves b
   where b.version in ('TLSv1', 'TLSv1.1')
  union all
  select pg_catalog.format('this session begins on the loopback and comes to the server from %s in clear: what is between (a pooler, a forwarded ' ||
                           'port, a container) may or may not leave the machine', pg_catalog.host(b.address)),
         'critical',
         'run dbctl verify with a URL that names the server itself',
         true
    from halves b
   where not b.leaves
     and b.arrives_from_afar
     and not b.ssl
)
select 'this session' as object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement, 'status', case when f.unknown then 'unknown' end) as data
  from found f
 order by f.severity, f.detail;
