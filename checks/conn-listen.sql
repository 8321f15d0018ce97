--! title: The server listens where it is needed, and not everywhere
--! severity: medium
--! group: connection
--! scope: cluster
--! needs: setting listen_addresses, setting unix_socket_permissions, setting unix_socket_directories
--! why: With * a network card that is added later, or a guest network, reaches the server at once, and only pg_hba.conf stands between.
--!   Behind a firewall, or in a container that has one address, it is harmless: say so in a waiver. Through a socket that everybody on
--!   the machine may open, every account of it can try to log in.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-LISTEN-ADDRESSES
--!   CIS PostgreSQL 18: 5.2, 5.3
with found as (
  select 'listen_addresses' as object,
         pg_catalog.format('listen_addresses is %s: the server answers on every address this machine has or gets', s.setting) as detail,
         'medium' as severity,
         'alter system set listen_addresses = ''localhost''; -- or the addresses of the network it serves; then restart the server' as statement
    from pg_catalog.pg_settings s
   where s.name = 'listen_addresses'
     and exists (select
                   from pg_catalog.regexp_split_to_table(s.setting, '[\s,"]+') as a(address)
                  where a.address in ('*', '0.0.0.0', '::'))
  union all
  select 'unix_socket_permissions',
         pg_catalog.format('unix_socket_permissions is %s: every account of the machine may open the socket in %s', s.setting, d.setting),
         'low',
         'alter system set unix_socket_permissions = ''0770''; -- and unix_socket_group; then restart the server'
    from pg_catalog.pg_settings s
    join pg_catalog.pg_settings d on d.name = 'unix_socket_directories' and d.setting <> ''
   where s.name = 'unix_socket_permissions'
     -- The last digit is what all others may do.
     and s.setting !~ '0$'
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
