--! case: md5, and ident; on a socket ident means peer
--! hba: local all all ident
--!   host all all 10.0.0.0 255.0.0.0 md5
--!   host all all fe80::/10 ident
--! expect: host all all 10.0.0.0/8 md5, host all all fe80::/10 ident
--! says: line 2 of pg_hba.conf takes MD5 for a proof
--! fix: in line 2 of pg_hba.conf put scram-sha-256 for md5; then select pg_reload_conf(); -- once every role has a SCRAM verifier

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
