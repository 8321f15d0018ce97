--! case: a line for all counts, and a membership by name does; a regular expression, and the group of a group
--! server: tls
--! hba: hostssl all "Night ""Shift""" all reject
--!   hostssl all,replication postgres all reject
--!   hostssl shop +inner_group 10.0.0.0/8 scram-sha-256
--!   host all /^o 10.0.0.0/8 reject
--!   hostnossl all all all reject
--!   hostssl all all 192.168.0.0/16 trust
create role "Night ""Shift""" superuser login;
create role outer_group;
create role inner_group;
create role op superuser login in role outer_group;
create role op2 superuser login;
create role op3 superuser;
grant inner_group to outer_group;
--! expect: op2, op
--! says: superuser op can log in from other machines by line 6 of pg_hba.conf (hostssl all all 192.168.0.0/16 trust)
--! severity: critical
--! fix: above line 6 of pg_hba.conf put: host all,replication "op" all reject; then select pg_reload_conf();

--! case: the database of the line is there
--! server: tls
--! hba: hostssl checks +inner_group 10.0.0.0/8 scram-sha-256
--!   hostssl replication postgres .example.com scram-sha-256
--!   host all all all reject
create role inner_group;
create role op superuser login in role inner_group;
--! expect: op, postgres
--! says: superuser op can log in from other machines by line 1 of pg_hba.conf (hostssl checks +inner_group 10.0.0.0/8 scram-sha-256)
--! severity: high
--! fix: above line 1 of pg_hba.conf put: host all,replication "op" all reject; then select pg_reload_conf();

--! case: with TLS alone, and the server speaks none
--! hba: hostssl all all all scram-sha-256
--!   host all postgres all reject
--!   host all all all scram-sha-256
--!   host replication all 127.0.0.0/8 scram-sha-256
--! expect: none

--! case: two lines, and what is more
--! hba: host sameuser all samenet scram-sha-256
--!   host samerole,replication all 10.0.0.0/8 scram-sha-256
--! expect: postgres
--! says: superuser postgres can log in from other machines by line 1 of pg_hba.conf (host sameuser all samenet scram-sha-256) and one more line

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
