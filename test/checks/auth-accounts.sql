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

--! case: one that has run out and could still do much
--! server: tls
--! now: 2026-11-20T12:00:00Z
create role "all-mighty" superuser;
create role readers in role pg_read_all_data;
create role harmless;
create role kim login createrole password 'a b c d e f 8' valid until '2026-11-01 00:00:00+00' in role "all-mighty", readers, harmless;
create role lee login password 'a b c d e f 8' valid until '2026-11-01 00:00:00+00' in role harmless;
--! expect: kim, lee
--! severity: medium
--! says: the password of role kim has run out on 2026-11-01, and it may still log in: it has CREATEROLE, is in "all-mighty", a superuser, is in pg_read_all_data

--! case: people whose passwords do not end, or too late; programs may
--! server: tls
--! now: 2026-11-20T12:00:00Z
--! policy: {"people": ["staff", "O'Neil"], "limits": {"validDays": 90}}
create role staff;
create role night in role staff;
create role "O'Neil" login password 'a b c d e f 8';
create role ann login password 'a b c d e f 8' valid until '2027-02-19' in role night;
create role bea login password 'a b c d e f 8' valid until '2027-02-18' in role night;
create role cid login password 'a b c d e f 8' valid until 'infinity' in role staff;
create role app login password 'a b c d e f 8';
--! expect: O'Neil, ann, cid
--! severity: medium
--! says: the password of "O'Neil", a person, has no end
--! fix: alter role "O'Neil" valid until '2027-02-18'; -- or valid_until in roles.yaml; and tell them
--! then: fixed

--! case: people are nobody where none is named
--! server: tls
create role ann login password 'a b c d e f 8';
--! expect: none

--! case: all can
--! expect: none

--! case: nobody should be given the right to read verifiers
--! as: plain
--! expect: unknown
--! fix: run dbctl verify as a superuser: who may read pg_catalog.pg_authid can carry away every password's verifier
--!   grant select on pg_catalog.pg_hba_file_rules to "verify_plain";
--!   grant execute on function pg_catalog.pg_hba_file_rules() to "verify_plain";
