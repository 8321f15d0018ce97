--! case: suites without authentication, 3DES by its name, and no floor
--! server: odd
--! expect: ssl_ciphers: 3DES, ssl_ciphers: @SECLEVEL=0, ssl_ciphers: aNULL
--! says: ssl_ciphers allows DES-CBC3-SHA: its blocks of 64 bits give secrets away
--! fix: alter system set ssl_ciphers = 'HIGH:!aNULL'; select pg_reload_conf();

--! case: as PostgreSQL comes: 3DES is moved to the end of a list it is not in
--! expect: none

--! case: strong ones
--! server: tls
--! expect: none

--! case: a list in the words of another library is no pass
set local allow_system_table_mods = on;
alter view pg_catalog.pg_settings rename to real_settings;
create view pg_catalog.pg_settings as
select s.name, case s.name when 'ssl_ciphers' then 'PROFILE=SYSTEM:HIGH:!aNULL' else s.setting end as setting, s.source from pg_catalog.real_settings s;
--! expect: ssl_ciphers: PROFILE=SYSTEM (unknown)
--! fix: openssl ciphers -v 'PROFILE=SYSTEM:HIGH:!aNULL' # on the server: nothing may show None, 3DES or RC4

--! case: a suite of TLS 1.3 that does not encrypt
set local allow_system_table_mods = on;
alter view pg_catalog.pg_settings rename to real_settings;
create view pg_catalog.pg_settings as
select s.name, case s.name when 'ssl_tls13_ciphers' then 'TLS_AES_256_GCM_SHA384:TLS_SHA256_SHA256' else s.setting end as setting, s.source
  from pg_catalog.real_settings s;
--! expect: tls13: TLS_SHA256_SHA256
--! fix: alter system reset ssl_tls13_ciphers; select pg_reload_conf();

--! case: a plain role does not see it
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_settings to "verify_plain";
