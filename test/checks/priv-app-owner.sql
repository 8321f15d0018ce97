--! case: what an application role owns
--! policy: {"appRoles": ["Shop App", "jobs"]}
create role "Shop App" login;
create role jobs login;
create schema "Shop ""Data""" authorization "Shop App";
create table "Shop ""Data"""."Or'ders" (id int generated always as identity primary key);
alter table "Shop ""Data"""."Or'ders" owner to "Shop App";
create function "Shop ""Data""".fires() returns trigger language plpgsql as 'begin return new; end';
alter function "Shop ""Data""".fires() owner to jobs;
create type "Shop ""Data""".mood as enum ('fine');
alter type "Shop ""Data""".mood owner to jobs;
create view "Shop ""Data""".recent as select 1 as one;
alter view "Shop ""Data""".recent owner to jobs;
--! expect: function "Shop ""Data""".fires(), schema "Shop ""Data""", table "Shop ""Data"""."Or'ders", type "Shop ""Data""".mood, view "Shop ""Data""".recent
--! says: function "Shop ""Data""".fires() belongs to the application role jobs
--! fix: alter function "Shop ""Data""".fires() owner to postgres;
--! then: fixed

--! case: a role that owns, which an application role has the rights of
--! policy: {"appRoles": ["web", "jobs", "night"]}
create role keeper;
create schema shop authorization keeper;
create role web login;
grant keeper to web with inherit true, set false;
create role crew;
grant keeper to crew;
create role jobs login;
grant crew to jobs with inherit false, set true;
create role night login;
grant keeper to night with inherit false, set false;
--! expect: web as keeper, jobs as keeper
--! says: the application role jobs has the rights of keeper through crew, which owns tables or schemas
--! fix: revoke keeper from crew granted by postgres;
--! then: fixed

--! case: roles that are no application, temporary tables, large objects, what another database holds
--! policy: {"appRoles": ["web"]}
create role keeper;
create role web login;
create schema shop authorization keeper;
grant usage on schema shop to web;
grant create on database checks to web;
set role web;
create temp table passing (id int primary key);
select lo_create(70002);
reset role;
--! expect: none

--! case: the database itself
--! policy: {"appRoles": ["web"]}
--! database: encoding 'UTF8'
create role web login;
alter database checks_own owner to web;
--! expect: database checks_own

--! case: the role may not see who owns what
--! as: plain
--! policy: {"appRoles": []}
revoke select on pg_catalog.pg_shdepend from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_shdepend to "verify_plain";
