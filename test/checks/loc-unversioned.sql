--! case: an index in a collation of the C library without a version
create collation bytes (provider = libc, locale = 'C.UTF-8');
create table customer (name text collate bytes unique, city text);
create index on customer ((city collate bytes));
--! expect: public.bytes
--! says: collation public.bytes has no version: 2 indexes (such as public.customer_city_idx) may be in another order

--! case: a database whose own collation has no version
--! database: locale_provider libc locale 'C.UTF-8'
create table customer (name text unique);
--! expect: database checks_own
--! says: the collation of database checks_own (libc C.UTF-8) has no version: 1 index (such as public.customer_name_key)

--! case: a column without an index is sorted anew each time
create collation bytes (provider = libc, locale = 'C.UTF-8');
create table customer (name text collate bytes);
--! expect: none

--! case: C and POSIX are the same everywhere, builtin and ICU have versions
create table customer (a text collate "C" unique, b text collate "POSIX" unique, c text collate pg_c_utf8 unique, d text collate "de-x-icu" unique);
--! expect: none

--! case: the role may not see the collations
--! as: plain
revoke select on pg_catalog.pg_collation from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_collation to "verify_plain";
