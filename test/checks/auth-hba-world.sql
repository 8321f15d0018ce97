--! case: every address, three ways
--! server: tls
--! hba: host all all all scram-sha-256
--!   hostnossl all app 0.0.0.0/0 scram-sha-256
--!   host all app ::/0 cert
--!   hostssl all all all scram-sha-256
--!   host all all all reject
--!   host all all 0.0.0.0/1 scram-sha-256
--! expect: host all all all scram-sha-256, hostnossl all app 0.0.0.0/0 scram-sha-256
--! says: line 1 of pg_hba.conf is for every address (all), and in clear
--! fix: in line 1 of pg_hba.conf put the networks of the clients for all, and hostssl at the beginning; then select pg_reload_conf();

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
