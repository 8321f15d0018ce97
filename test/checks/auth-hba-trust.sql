--! case: near and far, and the same line twice
--! hba: local all all trust
--!   host all all 127.0.0.1/32 trust
--!   host all all 127.0.0.1/32 trust
--!   host "my db",/^x all 10.1.2.3/8 trust
--!   host all all all scram-sha-256
--! expect: local all all trust
--!   host all all 127.0.0.1/32 trust
--!   host my db,/^x all 10.0.0.0/8 trust
--! says: line 2 of pg_hba.conf lets in without a password every program of this machine, as any role it names
--! severity: high
--! fix: in line 2 of pg_hba.conf put scram-sha-256 for trust; then select pg_reload_conf();

--! case: the socket
--! hba: local all all trust
--! expect: local all all trust
--! says: line 1 of pg_hba.conf lets in without a password whoever may open the socket, as any role it names
--! severity: high
--! fix: in line 1 of pg_hba.conf put peer (or scram-sha-256) for trust; then select pg_reload_conf();

--! case: from other machines
--! hba: hostssl all all .example.com trust
--!   host all all samenet trust
--! expect: hostssl all all .example.com trust
--!   host all all samenet trust
--! severity: critical
--! says: line 2 of pg_hba.conf lets in without a password other machines

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
