--! title: Whoever comes over a network can speak TLS with the server
--! severity: critical
--! group: connection
--! scope: cluster
--! needs: setting ssl, setting listen_addresses
--! why: Without TLS everybody on the way reads queries and rows, and can change them. A server that listens on the loopback or on Unix
--!   sockets alone needs none: nothing of it leaves the machine.
--! fix: put server.crt and server.key (mode 0600, of the server's account) into the data folder, then
--!   alter system set ssl = on; select pg_reload_conf();
--! refs: https://www.postgresql.org/docs/current/ssl-tcp.html
--!   CIS PostgreSQL 18: 6.8
select 'ssl' as object,
       pg_catalog.format('ssl is off, and the server listens on %s: passwords and rows cross the network in clear', l.setting) as detail,
       pg_catalog.jsonb_build_object('listen_addresses', l.setting) as data
  from pg_catalog.pg_settings s
  join pg_catalog.pg_settings l on l.name = 'listen_addresses'
 where s.name = 'ssl'
   and s.setting = 'off'
   and exists (select
                 from pg_catalog.regexp_split_to_table(l.setting, '[\s,"]+') as a(address)
                where a.address <> ''
                  and a.address !~* '^(localhost|127\.[0-9.]+|::1)$')
 order by 1;
