--! case: TLS is left to the client
--! server: tls
--! hba: host all all 127.0.0.1/32 scram-sha-256
--!   hostssl all all all scram-sha-256
--!   host all all 10.0.0.0/8 trust
--!   host all bob samenet scram-sha-256
--! expect: host all all 10.0.0.0/8 trust, host all bob samenet scram-sha-256
--! says: line 3 of pg_hba.conf lets other machines in without TLS, and without a password
--! fix: in line 3 of pg_hba.conf put hostssl at the beginning, with ssl on and clients at sslmode=verify-full; then select pg_reload_conf();

--! case: clear text is rejected first, in two halves
--! server: tls
--! hba: hostnossl all,replication all 0.0.0.0/0 reject
--!   hostnossl all,replication all ::/0 reject
--!   host all all 10.0.0.0/8 scram-sha-256
--!   host replication all fe80::/10 scram-sha-256
--!   host all all samehost scram-sha-256
--! expect: none

--! case: the reject leaves replication out, and one address of two
--! server: tls
--! hba: hostnossl all all 10.0.0.0/9 reject
--!   host replication all 10.0.0.0/9 scram-sha-256
--!   host all all 10.0.0.0/8 scram-sha-256
--! expect: host replication all 10.0.0.0/9 scram-sha-256, host all all 10.0.0.0/8 scram-sha-256

--! case: as initdb of dbctl makes it: this machine alone
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
