--! case: pg_uuidv7, and uuid-ossp that nothing uses
create extension "uuid-ossp";
create extension hstore;
update pg_catalog.pg_extension set extname = 'pg_uuidv7' where extname = 'hstore';
--! expect: pg_uuidv7, uuid-ossp
--! says: extension pg_uuidv7 does what uuidv7() of the server does

--! case: uuid-ossp that nothing uses
create extension "uuid-ossp";
--! expect: uuid-ossp
--! fix: drop extension "uuid-ossp"; -- refuses while something uses it; use uuidv7() or gen_random_uuid() there
--! then: fixed

--! case: uuid-ossp in the default of a column
create extension "uuid-ossp";
create table orders (id uuid primary key default uuid_generate_v1mc());
--! expect: none

--! case: uuid-ossp that the project requires
--! policy: {"requiredExtensions": ["uuid-ossp"]}
create extension "uuid-ossp";
--! expect: none

--! case: the role may not see the extensions
--! as: plain
revoke select on pg_catalog.pg_extension from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_extension to "verify_plain";
