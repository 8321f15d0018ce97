--! case: a collation of a column changed
create schema shop;
create collation shop."By Name" (provider = icu, locale = 'de');
create table shop.customer (name text collate shop."By Name");
update pg_catalog.pg_collation set collversion = '1.0' where collname = 'By Name';
--! expect: shop."By Name"
--! says: collation shop."By Name" was recorded at version 1.0 and the machine has
--! fix: alter collation "shop"."By Name" refresh version; -- only after the indexes of loc-affected-indexes are rebuilt
--! then: fixed

--! case: a collation that changed and that nothing uses
update pg_catalog.pg_collation set collversion = '1.0' where collname = 'de-x-icu';
--! expect: none

--! case: a collation in use at its own version
create table customer (name text collate "de-x-icu");
--! expect: none

--! case: the row that stands for the database's own collation
update pg_catalog.pg_collation set collversion = '1.0' where collname = 'default';
create table customer (name text);
create index on customer (name);
-- Dependencies on this row are not recorded; one that is must not matter either.
insert into pg_catalog.pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
select 'pg_class'::regclass, 'customer'::regclass, 1, 'pg_collation'::regclass, c.oid, 0, 'n' from pg_catalog.pg_collation c where c.collname = 'default';
--! expect: none

--! case: the role may not see the collations
--! as: plain
revoke select on pg_catalog.pg_collation from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_collation to "verify_plain";
