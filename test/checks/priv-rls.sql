--! case: declared, and off, not forced, without policies, gone
--! policy: {"policyTables": [{"schema": "Sh op", "table": "a", "enabled": true, "forced": true},
--!   {"schema": "Sh op", "table": "Or'ders", "enabled": true, "forced": true},
--!   {"schema": "Sh op", "table": "c", "enabled": true, "forced": true},
--!   {"schema": "Sh op", "table": "gone", "enabled": true, "forced": true}]}
create schema "Sh op";
create table "Sh op".a (owner name);
create policy own on "Sh op".a using (owner = current_user);
create table "Sh op"."Or'ders" (owner name);
create policy own on "Sh op"."Or'ders" using (owner = current_user);
alter table "Sh op"."Or'ders" enable row level security;
create table "Sh op".c (owner name);
alter table "Sh op".c enable row level security, force row level security;
--! expect: "Sh op"."Or'ders": not forced, "Sh op".a: off, "Sh op".c: no policy, "Sh op".gone: missing
--! severity: high

--! case: off although it has policies, not forced, always true; nothing declared
create schema shop;
create table shop.a (owner name) partition by list (owner);
create policy own on shop.a using (owner = current_user);
create table shop.b (owner name);
create policy own on shop.b using (owner = current_user);
create policy "All" on shop.b using (true);
alter table shop.b enable row level security;
create table shop.c (owner name);
create policy own on shop.c using (owner = current_user) with check (true);
alter table shop.c enable row level security, force row level security;
--! expect: shop.a: off, shop.b: not forced, shop.b: policy All, shop.c: policy own
--! says: row-level security of shop.a is off, and its policies hold for nobody: all rows are open to whoever may read the table
--! fix: alter table shop.a enable row level security;

--! case: the fixes of what has one
create schema shop;
create table shop.a (owner name);
create policy own on shop.a using (owner = current_user);
create table shop.b (owner name);
create policy own on shop.b using (owner = current_user);
create policy "All" on shop.b using (true);
create policy "Put" on shop.b for insert with check (true);
alter table shop.b enable row level security, force row level security;
alter table shop.a force row level security;
--! expect: shop.a: off, shop.b: policy All, shop.b: policy Put
--! then: fixed

--! case: always true for one role is low
create role service;
create schema shop;
create table shop.a (owner name);
create policy own on shop.a using (owner = current_user);
create policy service_all on shop.a to service using (true) with check (true);
alter table shop.a enable row level security, force row level security;
--! expect: shop.a: policy service_all
--! says: policy service_all of shop.a is always true for ALL, for the roles it names: all rows are open, whatever other policies say
--! severity: low

--! case: as it should be, restrictive ones that are always true, declared as not forced, tables without
--! policy: {"policyTables": [{"schema": "shop", "table": "a", "enabled": true, "forced": true},
--!   {"schema": "shop", "table": "b", "enabled": true, "forced": false}, {"schema": "shop", "table": "c", "enabled": false, "forced": false}]}
create schema shop;
create table shop.a (owner name);
create policy own on shop.a using (owner = current_user);
create policy nothing on shop.a as restrictive using (true);
alter table shop.a enable row level security, force row level security;
create table shop.b (owner name);
create policy own on shop.b using (owner = current_user);
alter table shop.b enable row level security;
create table shop.c (owner name);
create policy own on shop.c using (owner = current_user);
create table shop.d (owner name);
--! expect: none

--! case: the role may not see the policies
--! as: plain
revoke select on pg_catalog.pg_policy from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_policy to "verify_plain";
