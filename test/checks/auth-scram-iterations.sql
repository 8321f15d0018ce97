--! case: too few
--! server: odd
--! expect: scram_iterations
--! says: scram_iterations is 1024: passwords are guessed from a stolen verifier 4.0 times as fast as with 4096
--! fix: alter system reset scram_iterations; select pg_reload_conf(); -- then set the passwords anew

--! case: more than the release can keep to itself
--! server: tls
--! expect: scram_iterations
--! says: scram_iterations is 10000, and before 18.6 this tells strangers which roles exist (CVE-2026-14672)
--! fix: alter system reset scram_iterations; select pg_reload_conf(); -- until the server is updated to 18.6

--! case: more, where the hole is closed
--! server: tls
--! advisories: {"cves": []}
--! expect: none

--! case: overrides
create role "Old ""app";
alter role "Old ""app" set scram_iterations = 1;
alter role all set scram_iterations = 4096;
alter database checks set scram_iterations = 100000;
--! expect: scram_iterations of database checks
--!   scram_iterations of role "Old ""app"
--! says: scram_iterations of database checks is 100000, and before 18.6
--! then: fixed

--! case: as PostgreSQL comes
--! expect: none

--! case: an override hides the server's own value
set local scram_iterations = 4096;
--! expect: unknown
--! fix: run dbctl verify in a session that does not set scram_iterations
