--! case: no password and nothing else, and one that has run out
--! server: tls
--! now: 2026-11-20T12:00:00Z
--! hba: host all all all scram-sha-256
--!   hostssl all +certified,/^m.*y$ 10.0.0.0/8 cert
--!   local all "Night Shift" peer
--!   host all lost 127.0.0.1/32 trust
create role certified;
create role "Night Shift" login;
create role nina login in role certified;
create role molly login;
create role lost login;
create role "Left ""us" login password 'a b c d e f 8' valid until '2026-11-01 00:00:00+00';
create role here login password 'a b c d e f 8' valid until '2027-11-01 00:00:00+00';
create role group_without_login;
--! expect: Left "us, lost
--! says: the password of role "Left ""us" has run out on 2026-11-01, and it may still log in
--! severity: low
--! fix: alter role "Left ""us" nologin; -- or, where it is needed, set a password with \password of psql

--! case: no password
create role app login;
--! expect: app
--! severity: medium
--! says: role app may log in, and has neither a password nor a line in pg_hba.conf that asks for another proof

--! case: all can
--! expect: none

--! case: nobody should be given the right to read verifiers
--! as: plain
--! expect: unknown
--! fix: run dbctl verify as a superuser: who may read pg_catalog.pg_authid can carry away every password's verifier
--!   grant select on pg_catalog.pg_hba_file_rules to "verify_plain";
--!   grant execute on function pg_catalog.pg_hba_file_rules() to "verify_plain";
