--! case: a required extension is not installed
--! policy: {"requiredExtensions": ["uuid-ossp", "pgcrypto"]}
create schema extensions;
create extension pgcrypto schema extensions;
--! expect: uuid-ossp
--! says: extension "uuid-ossp" is required and not installed in database checks
--! fix: create schema if not exists extensions; create extension "uuid-ossp" schema extensions;
--! then: fixed

--! case: a required extension the server has no files of
--! policy: {"requiredExtensions": ["nowhere"]}
--! expect: nowhere
--! says: its files are not on the server
--! fix: -- first install the package with its files (contrib modules: postgresql-contrib), or enable it at your cloud provider
--!   create schema if not exists extensions; create extension nowhere schema extensions;

--! case: every required extension is installed
create extension pgcrypto;
--! expect: none

--! case: nothing is required
--! policy: {"requiredExtensions": []}
--! expect: none

--! case: the role may not see the extensions
--! as: plain
revoke select on pg_catalog.pg_extension, pg_catalog.pg_available_extensions from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_extension to "verify_plain";
--!   grant select on pg_catalog.pg_available_extensions to "verify_plain";
