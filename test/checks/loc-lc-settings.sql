--! case: other settings than the project names
--! server: odd
--! policy: {"lcSettings": {"lc_monetary": "de_DE.UTF-8"}}
--! expect: lc_monetary
--! says: lc_monetary is POSIX instead of de_DE.UTF-8
--! fix: alter system set lc_monetary = 'de_DE.UTF-8'; select pg_reload_conf();

--! case: messages in another locale than the project names
--! policy: {"lcSettings": {"lc_messages": "en_US.UTF-8"}}
--! expect: lc_messages
--! says: log readers and alert rules do not find the text they know

--! case: a role and a database with settings of their own
create role shop login;
alter role shop set lc_messages = 'POSIX';
alter database checks set lc_time = 'POSIX';
--! expect: lc_messages of role shop, lc_time of database checks
--! fix: alter role shop reset lc_messages;
--! then: fixed

--! case: C messages are fine, and the rest is free
--! expect: none

--! case: the session has settings of its own, and the server's are not to be seen
set local lc_numeric = 'POSIX';
--! expect: unknown
--! fix: run dbctl verify in a session that does not set lc_numeric

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
