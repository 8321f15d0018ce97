--! case: a socket for everybody, as PostgreSQL comes
--! server: odd
--! expect: unix_socket_permissions
--! says: unix_socket_permissions is 0777: every account of the machine may open the socket in /
--! severity: low
--! fix: alter system set unix_socket_permissions = '0770'; -- and unix_socket_group; then restart the server

--! case: on every address
set local allow_system_table_mods = on;
alter view pg_catalog.pg_settings rename to real_settings;
create view pg_catalog.pg_settings as
select s.name, case s.name when 'listen_addresses' then '192.0.2.1, ::' else s.setting end as setting, s.source from pg_catalog.real_settings s;
--! expect: listen_addresses
--! says: listen_addresses is 192.0.2.1, ::
--! severity: medium
--! fix: alter system set listen_addresses = 'localhost'; -- or the addresses of the network it serves; then restart the server

--! case: the loopback, and a socket for a group
--! expect: none

--! case: a plain role does not see where the socket is
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_settings to "verify_plain";
