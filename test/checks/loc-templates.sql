--! case: new databases would be sorted by the C library
update pg_catalog.pg_database set datlocprovider = 'c', datlocale = null, datcollate = 'de_DE.UTF-8' where datname = 'template1';
--! expect: template1
--! says: template1 is UTF8 with libc de_DE.UTF-8 instead of UTF8 with builtin C.UTF-8
--! fix: alter database template1 is_template false; drop database template1;
--!   create database template1 template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C.UTF-8' is_template true;

--! case: new databases would store any bytes
update pg_catalog.pg_database set encoding = 0 where datname = 'template1';
--! expect: template1

--! case: as the project wants it
--! expect: none

--! case: another template is somebody's own
update pg_catalog.pg_database set encoding = 0, datistemplate = true where datname = 'checks';
--! expect: none

--! case: the role may not see the databases
--! as: plain
revoke select on pg_catalog.pg_database from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_database to "verify_plain";
