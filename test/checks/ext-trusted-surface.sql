--! case: a role and everybody may create
create role "Shop App" login;
grant create on database checks to "Shop App", public;
--! expect: Shop App, public
--! says: role "Shop App" may create in database checks: schemas of its own, and any of the
--! fix: revoke create on database checks from "Shop App";
--! then: fixed

--! case: the listed ones, the owner and superusers
--! policy: {"databaseCreators": ["migrator"]}
create role migrator;
create role boss superuser;
create role landlord;
alter database checks owner to landlord;
grant create on database checks to migrator, boss;
--! expect: none

--! case: a fresh database: everybody may connect and use temporary tables, and nothing more
--! database: encoding 'UTF8'
--! expect: none

--! case: the role may not see the databases
--! as: plain
revoke select on pg_catalog.pg_database from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_database to "verify_plain";
