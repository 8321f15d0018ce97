--! case: of a superuser, of the owner where it is not forced, of one who passes policies, through another view, materialized
create role keeper;
create role dump bypassrls;
create role reader;
create schema "Sh op" authorization keeper;
create table "Sh op".a (owner name);
alter table "Sh op".a enable row level security, force row level security;
create policy own on "Sh op".a using (owner = current_user);
create table "Sh op".b (owner name);
alter table "Sh op".b enable row level security;
alter table "Sh op".b owner to keeper;
alter table "Sh op".a owner to keeper;
create view "Sh op"."Of 'all" as select a.owner from "Sh op".a;
create view "Sh op".of_keeper as select b.owner from "Sh op".b;
alter view "Sh op".of_keeper owner to keeper;
create view "Sh op".of_dump as select b.owner from "Sh op".a join "Sh op".b using (owner);
alter view "Sh op".of_dump owner to dump;
create view "Sh op".asking with (security_invoker) as select a.owner from "Sh op".a;
create view "Sh op".outer_view as select x.owner from "Sh op".asking x;
create materialized view "Sh op".kept as select a.owner from "Sh op".a;
grant select on all tables in schema "Sh op" to reader;
--! expect: "Sh op"."Of 'all", "Sh op".of_keeper, "Sh op".of_dump, "Sh op".outer_view, "Sh op".kept
--! says: "Sh op"."Of 'all" reads "Sh op".a as postgres, for whom the policies do not hold
--! severity: medium
--! fix: alter view "Sh op"."Of 'all" set (security_invoker = true);
--! then: fixed

--! case: nobody reads it yet
create schema shop;
create table shop.a (owner name);
alter table shop.a enable row level security, force row level security;
create view shop.v as select a.owner from shop.a;
--! expect: shop.v
--! severity: low

--! case: with the rights of who reads, of an owner whom policies hold, over tables without
create role keeper;
create role other;
create role reader;
create schema shop authorization keeper;
create table shop.a (owner name);
alter table shop.a enable row level security, force row level security;
alter table shop.a owner to keeper;
create table shop.b (owner name);
alter table shop.b enable row level security;
create table shop.c (owner name);
create view shop.asks with (security_invoker = on) as select a.owner from shop.a;
create view shop.held as select a.owner from shop.a;
alter view shop.held owner to keeper;
create view shop.foreign_rows as select b.owner from shop.b;
alter view shop.foreign_rows owner to other;
create view shop.open as select c.owner from shop.c;
create materialized view shop.kept as select a.owner from shop.a;
alter materialized view shop.kept owner to keeper;
grant select on all tables in schema shop to reader;
--! expect: none

--! case: the role may not see the rules
--! as: plain
revoke select on pg_catalog.pg_rewrite from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_rewrite to "verify_plain";
