--! case: in clear on every interface
set local allow_system_table_mods = on;
alter view pg_catalog.pg_settings rename to real_settings;
create view pg_catalog.pg_settings as
select s.name, case s.name when 'listen_addresses' then '*' else s.setting end as setting, s.source from pg_catalog.real_settings s;
--! expect: ssl
--! says: ssl is off, and the server listens on *
--! fix: put server.crt and server.key (mode 0600, of the server's account) into the data folder, then
--!   alter system set ssl = on; select pg_reload_conf();

--! case: in clear on the loopback alone
--! expect: none

--! case: encrypted
--! server: tls
--! expect: none

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
