--! case: capitals, blanks, signs and digits
create schema "Shop";
create table "Shop"."Item" (id int primary key, "userId" int, "two words" int, "1x" int, "a""b" int, "tab	stop" int);
create view "Shop".looks as select 1 as "isOpen";
create type "Shop"."Kind" as enum ('a');
create function "Shop"."doIt"(a int) returns int language sql as 'select 1';
create procedure "Shop"."doIt"(a text) language sql as 'select 1';
--! expect: schema "Shop"
--!   "Shop"."Item"
--!   "Shop".looks
--!   "Shop"."Kind"
--!   "Shop"."doIt"(a integer)
--!   "Shop"."doIt"(IN a text)
--! says: table "Shop"."Item": its name needs quotes, column "userId" needs quotes, column "two words" needs quotes

--! case: what the fixes do
create table "userAccount" (id int primary key, "createdAt" timestamptz, "A" int);
create view "Looks" as select 1 as "isOpen";
create function "doIt"("B" text) returns int language sql as 'select 1';
create domain "Code" as text;
--! expect: public."userAccount"
--!   public."Looks"
--!   public."doIt"("B" text)
--!   public."Code"
--! then: fixed

--! case: words of SQL
create table "user" (id int primary key, "order" int, "left" int, "Select" int);
--! expect: public."user"
--! says: table public."user": its name is a word of SQL, column "order" is a word of SQL, column "left" is a word of SQL, column "Select" needs quotes
--! fix: alter table public."user" rename column "order" to order_;
--!   alter table public."user" rename column "left" to left_;
--!   alter table public."user" rename column "Select" to select_;
--!   alter table public."user" rename to user_; -- with the code that names it
--! then: fixed

--! case: a name that may have been cut
create table a_table_whose_name_is_as_long_as_a_name_can_be_and_then_is_cut_off (id int primary key);
--! expect: public.a_table_whose_name_is_as_long_as_a_name_can_be_and_then_is_cut_
--! says: its name has 63 bytes, and may have had more

--! case: plain names, names for another place, letters of other alphabets; partitions, identities and temporary tables
create table item_2 (id int generated always as identity (sequence name "Numbers") primary key, "values" int, "time" int, größe int, _a$ int);
create table event (id int) partition by range (id);
create table "event_p2025-01" partition of event for values from (1) to (2);
create temp table "Mine" (id int);
create function "left"(a int) returns int language sql as 'select 1';
--! expect: none

--! case: a name that a function cannot have without quotes, and a table can
create function "values"() returns int language sql as 'select 1';
create table "values" (id int primary key);
--! expect: public."values"()

--! case: the role may not see the columns
--! as: plain
revoke select on pg_catalog.pg_attribute from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_attribute to "verify_plain";
