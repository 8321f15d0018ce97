--! case: a reject that comes too late, unions of networks, and a line that is there twice
--! server: tls
--! hba: local all postgres peer
--!   local all all scram-sha-256
--!   local app postgres scram-sha-256
--!   host all all 10.0.0.0/9 scram-sha-256
--!   host all all 10.128.0.0/9 scram-sha-256
--!   host app "a b",bob 10.0.0.0/8 scram-sha-256
--!   hostssl app bob 10.0.0.0/7 cert
--!   hostnossl all all all reject
--!   host replication all 10.0.0.0/8 scram-sha-256
--!   hostssl all all 0.0.0.0/0 scram-sha-256
--!   host all all all reject
--!   hostssl all eve fe80::/10 reject
--!   hostssl all eve fe80::/10 reject
--! expect: local app postgres scram-sha-256
--!   host app a b,bob 10.0.0.0/8 scram-sha-256
--!   hostssl all eve fe80::/10 reject
--! says: line 6 of pg_hba.conf (host app a b,bob 10.0.0.0/8 scram-sha-256) never matches: line 4 of pg_hba.conf (host all all 10.0.0.0/9 scram-sha-256) comes first
--! severity: medium
--! fix: move line 6 of pg_hba.conf above line 4 of pg_hba.conf, or remove it; then select pg_reload_conf();

--! case: nobody is rejected
--! hba: host all all all scram-sha-256
--!   host all eve samenet reject
--! expect: host all eve samenet reject
--! severity: high
--! says: comes first, and nobody is rejected

--! case: what is not the same: replication, another family, one of two roles, a mask with holes, a name
--! server: tls
--! hba: host all all 0.0.0.0/0 scram-sha-256
--!   host replication all 10.0.0.0/8 scram-sha-256
--!   host all all ::/0 scram-sha-256
--!   host all all samenet scram-sha-256
--!   host all all .example.com scram-sha-256
--!   host app bob 10.0.0.0 255.0.255.0 scram-sha-256
--!   local sameuser all scram-sha-256
--!   local bob bob scram-sha-256
--!   local all +staff scram-sha-256
--!   local all bob scram-sha-256
--! expect: none

--! case: as initdb of dbctl makes it
--! expect: none

--! case: hidden from plain roles
--! as: plain
--! expect: unknown
--! fix: grant select on pg_catalog.pg_hba_file_rules to "verify_plain";
--!   grant execute on function pg_catalog.pg_hba_file_rules() to "verify_plain";

--! case: seen with these two rights
--! as: plain
--! hba: host all all 127.0.0.1/32 scram-sha-256
grant select on pg_catalog.pg_hba_file_rules to public;
grant execute on function pg_catalog.pg_hba_file_rules() to public;
--! expect: none
