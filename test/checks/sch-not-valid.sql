--! case: not valid, of each kind, in a partitioned table once, and in a domain
create schema shop;
create domain shop."Age" as int;
create table shop.person (id int primary key, age shop."Age", parent int);
alter table shop.person add constraint "Pos" check (id > 0) not valid;
alter table shop.person add constraint parent foreign key (parent) references shop.person not valid;
alter table shop.person add constraint named not null parent not valid;
alter domain shop."Age" add constraint old check (value < 200) not valid;
create table shop.event (id int primary key, person int) partition by range (id);
create table shop.event_1 partition of shop.event for values from (1) to (2);
alter table shop.event add constraint pos check (id > 0) not valid;
alter table shop.event add constraint person foreign key (person) references shop.person not valid;
--! expect: shop.person: "Pos", shop.person: parent, shop.person: named, domain shop."Age": old, shop.event: pos, shop.event: person
--! says: constraint old of domain shop."Age" is not valid: values from before it may break it
--! fix: alter domain shop."Age" validate constraint old;
--! then: fixed

--! case: not enforced
create table person (id int primary key, parent int constraint parent references person not enforced,
  constraint "Pos" check (id > 0) not enforced);
--! expect: public.person: "Pos", public.person: parent
--! says: constraint "Pos" of table public.person is not enforced: any row may break it
--! fix: alter table public.person drop constraint "Pos", add constraint "Pos" CHECK ((id > 0));
--! then: fixed

--! case: all valid
create table person (id int primary key, parent int references person, check (id > 0));
create table child () inherits (person);
--! expect: none

--! case: the role may not see the constraints
--! as: plain
revoke select on pg_catalog.pg_constraint from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_constraint to "verify_plain";
