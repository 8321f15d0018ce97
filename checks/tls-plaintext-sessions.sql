--! title: No session from another machine is in clear
--! severity: high
--! group: connection
--! scope: cluster
--! needs: member pg_read_all_stats, select pg_catalog.pg_stat_activity, select pg_catalog.pg_stat_ssl, select pg_catalog.pg_stat_gssapi
--! why: These are at work now: what they send and get can be read and changed by everybody on the way.
--! fix: set sslmode=verify-full in the client at {address:sql}; then leave it no choice: hostssl in pg_hba.conf (tls-enforced)
--! refs: https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-SSL-VIEW
--!   CIS PostgreSQL 18: 6.8
select pg_catalog.format('%I from %s', a.usename, pg_catalog.host(a.client_addr)) as object,
       pg_catalog.format('role %I has %s in clear from %s', a.usename,
                         case pg_catalog.count(*) when 1 then 'a session' else pg_catalog.count(*) || ' sessions' end,
                         pg_catalog.host(a.client_addr)) as detail,
       pg_catalog.jsonb_build_object('role', a.usename, 'address', pg_catalog.host(a.client_addr), 'sessions', pg_catalog.count(*)) as data
  from pg_catalog.pg_stat_activity a
  left join pg_catalog.pg_stat_ssl s on s.pid = a.pid
  left join pg_catalog.pg_stat_gssapi g on g.pid = a.pid
 where not a.client_addr <<= '127.0.0.0/8'
   and a.client_addr <> '::1'
   and s.ssl is not true
   and g.encrypted is not true
 group by a.usename, a.client_addr
 order by 1;
