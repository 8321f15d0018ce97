--! case: old versions are let in
--! server: odd
--! expect: ssl_min_protocol_version
--! says: ssl_min_protocol_version is TLSv1: the server speaks TLS older than 1.2
--! fix: alter system set ssl_min_protocol_version = 'TLSv1.2'; select pg_reload_conf();

--! case: as PostgreSQL comes
--! expect: none

--! case: the newest alone
--! server: tls
--! expect: none

--! case: a plain role does not see it
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_settings to "verify_plain";

--! case: 1.2, where the profile asks for 1.3
--! policy: {"thresholds": {"tlsVersion": "TLSv1.3", "wraparoundPercent": 40}}
--! expect: ssl_min_protocol_version
--! says: ssl_min_protocol_version is TLSv1.2: the server speaks TLS older than 1.3
--! fix: alter system set ssl_min_protocol_version = 'TLSv1.3'; select pg_reload_conf();
