--! case: old verifiers, worst with a superuser
create role "Old ""app" login password 'md5d8578edf8458ce06fbc5bb76a58c5ca4';
create role root_of_old superuser login password 'md5d8578edf8458ce06fbc5bb76a58c5ca4';
create role nobody password 'md5d8578edf8458ce06fbc5bb76a58c5ca4';
create role scram login password 'SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
--! expect: Old "app, nobody, root_of_old
--! says: the password of role "Old ""app" is kept as MD5
--! severity: high
--! fix: \password "Old ""app" -- in psql: it makes the new verifier on the client, so that the password reaches no log

--! case: a superuser's alone
create role root_of_old superuser login password 'md5d8578edf8458ce06fbc5bb76a58c5ca4';
--! expect: root_of_old
--! says: the password of role root_of_old is kept as MD5, and it is a superuser
--! severity: critical

--! case: SCRAM everywhere
--! expect: none

--! case: nobody should be given the right to read them
--! as: plain
--! expect: unknown
--! fix: run dbctl verify as a superuser: who may read pg_catalog.pg_authid can carry away every password's verifier
