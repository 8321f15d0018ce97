--! case: everybody with the right, and a named role from anywhere
--! hba: host all,replication all 10.0.0.0/8 scram-sha-256
--!   host replication standby 0.0.0.0/0 scram-sha-256
--!   host replication standby 10.0.0.7/32 scram-sha-256
--!   host replication all all reject
--!   host all all 10.0.0.0/8 scram-sha-256
--! expect: host all,replication all 10.0.0.0/8 scram-sha-256
--!   host replication standby 0.0.0.0/0 scram-sha-256
--! says: line 1 of pg_hba.conf lets every role with the right replicate from its network
--! severity: high
--! fix: in line 1 of pg_hba.conf put the role of the standbys for all; then select pg_reload_conf();

--! case: as initdb makes it, on this machine alone
--! expect: local replication all scram-sha-256, host replication all 127.0.0.1/32 scram-sha-256, host replication all ::1/128 scram-sha-256
--! severity: low

--! case: named roles
--! hba: host replication standby 10.0.0.7/32 scram-sha-256
--!   host all all all scram-sha-256
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
