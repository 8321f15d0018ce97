--! case: a mapping for everybody, and passwords where everybody reads them
create schema "Sh op";
create foreign data wrapper far options ("api_key" 'k-1');
create server "Far 'Away" foreign data wrapper far options (host 'db', password 'hunter2', "sslpassword" '');
create user mapping for public server "Far 'Away";
create foreign table "Sh op".orders (id int) server "Far 'Away" options ("auth_Token" 't=1', table_name 'orders');
--! expect: user mapping for public on server "Far 'Away", foreign data wrapper far: api_key, server "Far 'Away": password,
--!   foreign table "Sh op".orders: auth_Token
--! says: option api_key of foreign data wrapper far is readable for every login
--! severity: high
--! fix: alter foreign data wrapper far options (drop api_key); -- change it on the other side, too: it has been read
--! then: fixed

--! case: a mapping for everybody alone
create foreign data wrapper far;
create server far_away foreign data wrapper far;
create user mapping for public server far_away;
--! expect: user mapping for public on server far_away
--! says: every role that may use server far_away is the same user there
--! severity: medium
--! fix: drop user mapping for public server far_away; -- and create one for each role that needs it
--! then: fixed

--! case: of one role, and options that are no secret
create role app;
create foreign data wrapper far options (debug 'true');
create server far_away foreign data wrapper far options (host 'db', password_policy 'strict', user 'x');
create user mapping for app server far_away options (user 'app', password 'hunter2');
--! expect: none

--! case: the role may not see the mappings
--! as: plain
revoke select on pg_catalog.pg_user_mappings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_user_mappings to "verify_plain";
