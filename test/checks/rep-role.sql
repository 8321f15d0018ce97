--! case: roles with other work
create role "Shop App" login replication;
create schema shop authorization "Shop App";
create table shop.orders (id int);
alter table shop.orders owner to "Shop App";
create role admin login replication createrole createdb;
--! expect: Shop App, admin
--! says: role "Shop App" may copy the whole cluster and owns 2 objects
--! then: fixed

--! case: roles for that alone, superusers, owners without it
create role replicator login replication;
create role dump login replication bypassrls;
create role boss login superuser replication;
create schema boss authorization boss;
create role shop login createdb;
create schema shop authorization shop;
--! expect: none

--! case: the role may not see the roles
--! as: plain
revoke select on pg_catalog.pg_roles from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_roles to "verify_plain";
