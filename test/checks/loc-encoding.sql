--! case: a database that stores any bytes
--! database: encoding 'SQL_ASCII' locale_provider libc locale 'C'
--! expect: database checks_own
--! says: database checks_own has encoding SQL_ASCII instead of UTF8: it stores any bytes, and what they meant is lost
--! fix: create database checks_own_new template template0 encoding 'UTF8'; -- then dump checks_own, restore it there and swap the names

--! case: a single-byte database
--! database: encoding 'LATIN1' locale_provider libc locale 'C'
--! expect: database checks_own
--! says: text it has no letters for is refused

--! case: a role whose clients get another encoding
create role shop login;
alter role shop in database checks set client_encoding = 'LATIN1';
--! expect: client_encoding of role shop in database checks
--! fix: alter role shop in database checks reset client_encoding;
--! then: fixed

--! case: other spellings of UTF8
create role shop login;
alter role shop set client_encoding = 'utf-8';
alter database checks set client_encoding = 'unicode';
--! expect: none

--! case: a template in another encoding is the business of loc-templates
update pg_catalog.pg_database set encoding = 0 where datname = 'template0';
--! expect: none

--! case: the role may not see the databases
--! as: plain
revoke select on pg_catalog.pg_database from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_database to "verify_plain";
