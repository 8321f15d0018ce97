--! case: in clear, and through TLS
--! server: tls
--! hba: host all all 10.0.0.0/8 password
--!   hostssl all all 10.0.0.0/8 password
--!   host all all 10.0.0.0/8 radius radiusservers=127.0.0.1 radiussecrets=x
--!   hostssl all all 10.0.0.0/8 radius radiusservers=127.0.0.1 radiussecrets=x
--!   host all all 127.0.0.1/32 radius radiusservers=127.0.0.1 radiussecrets=x
--! expect: host all all 10.0.0.0/8 password, hostssl all all 10.0.0.0/8 password, host all all 10.0.0.0/8 radius
--! says: line 1 of pg_hba.conf asks for the password itself (password), also over connections in clear
--! severity: critical
--! fix: in line 1 of pg_hba.conf put scram-sha-256 for password; then select pg_reload_conf();

--! case: an account of the machine in clear
--! hba: host all all 10.0.0.0/8 radius radiusservers=127.0.0.1 radiussecrets=x
--! expect: host all all 10.0.0.0/8 radius
--! severity: high
--! fix: in line 1 of pg_hba.conf put hostssl at the beginning; then select pg_reload_conf();

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
