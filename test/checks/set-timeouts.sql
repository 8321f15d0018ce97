--! case: roles without any, and with one of the two
create role "Shop App" login;
create role reporting login;
alter role reporting set idle_in_transaction_session_timeout = '30s';
--! expect: role "Shop App", role reporting
--! says: role "Shop App" has no idle_in_transaction_session_timeout and no statement_timeout of its own: a transaction it forgets stays open
--! then: fixed

--! case: a limit that the role in this database has taken off
create role shop login;
alter role shop set statement_timeout = '1min';
alter role shop set idle_in_transaction_session_timeout = '1min';
alter role shop in database checks set statement_timeout = '0s';
--! expect: role shop
--! fix: alter role shop in database checks set statement_timeout = '5min';
--! then: fixed

--! case: limits for the role, the database and everybody; superusers, standbys and groups
create role shop login;
create role boss login superuser;
create role standby login replication;
create role staff nologin;
alter role shop set idle_in_transaction_session_timeout = 60000;
alter database checks set statement_timeout = '1h';
--! expect: none

--! case: one limit for whole transactions is both
create role shop login;
alter role all set transaction_timeout = '10min';
--! expect: none

--! case: the role may not see the overrides
--! as: plain
revoke select on pg_catalog.pg_db_role_setting from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_db_role_setting to "verify_plain";
