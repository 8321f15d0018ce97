--! case: passwords, for one and for everybody, and none needed
create role "Shop App";
create role job;
create foreign data wrapper far;
create server "Far 'Away" foreign data wrapper far;
create user mapping for "Shop App" server "Far 'Away" options (user 'app', "Password" 'hunter2', sslpassword 's');
create user mapping for public server "Far 'Away" options (password 'hunter3');
create user mapping for job server "Far 'Away" options (password_required 'false');
--! expect: user mapping for "Shop App" on server "Far 'Away": Password, user mapping for "Shop App" on server "Far 'Away": sslpassword,
--!   user mapping for public on server "Far 'Away": password, user mapping for job on server "Far 'Away": password_required
--! says: user mapping for "Shop App" on server "Far 'Away" keeps Password in clear text
--! severity: medium
--! fix: alter user mapping for "Shop App" server "Far 'Away" options (drop "Password"); -- use a passfile, a certificate, or since 18 use_scram_passthrough
--! then: fixed

--! case: without
create role app;
create foreign data wrapper far;
create server far_away foreign data wrapper far;
create user mapping for app server far_away options (user 'app', password_required 'true', use_scram_passthrough 'true');
create user mapping for public server far_away;
--! expect: none

--! case: a role that is no superuser may not see the options of others
--! as: plain
create role app;
create foreign data wrapper far;
create server far_away foreign data wrapper far;
create user mapping for app server far_away options (user 'app', password 'hunter2');
--! expect: user mapping for app on server far_away (unknown)
--! says: the options of the user mapping for app on server far_away are hidden from role verify_plain
--! fix: run dbctl verify as a superuser: who sees the options of a user mapping reads the password in it

--! case: a role that is no superuser, and nothing is hidden
--! as: plain
--! expect: none

--! case: the role may not see the mappings
--! as: plain
revoke select on pg_catalog.pg_user_mappings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_user_mappings to "verify_plain";
