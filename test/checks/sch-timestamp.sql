--! case: columns, a domain, a partitioned table, and a column that came with it
create schema shop;
create domain shop.moment as timestamp;
create table shop."Visit" (id int primary key, "At" timestamp(3) default now(), ends shop.moment, all_of timestamp[]);
create table shop.event (at timestamp not null) partition by range (at);
create table shop.event_2025 partition of shop.event for values from ('2025-01-01') to ('2026-01-01');
insert into shop."Visit" values (1, '2025-01-01 10:00', '2025-01-01 11:00', '{2025-01-01}');
alter table shop.event alter at drop not null;
--! expect: shop."Visit"."At", shop."Visit".ends, shop."Visit".all_of, shop.event.at
--! says: column "At" of table shop."Visit" is timestamp(3) without time zone: which moment it means is not in the database
--! fix: set timezone = 'UTC'; alter table shop."Visit" alter column "At" type timestamp(3) with time zone; -- name the zone its values are in; UTC rewrites no row

--! case: what can be changed in place is
create domain moment as timestamp;
create table visit (id int primary key, at timestamp(3) default now(), ends moment, all_of timestamp[]);
insert into visit values (1, '2025-01-01 10:00', '2025-01-01 11:00', '{2025-01-01}');
--! expect: public.visit.at, public.visit.ends, public.visit.all_of
--! then: fixed

--! case: a time with an offset, and a range
create table opening (id int primary key, at timetz, during tsrange, closed tsmultirange);
--! expect: public.opening.at, public.opening.during, public.opening.closed
--! says: column at of table public.opening is time with time zone: an offset without a day is no moment
--! fix: alter table public.opening alter column at type time without time zone; -- drops the offset: or keep the day too, as timestamp with time zone

--! case: moments, days and times of day; views and temporary tables
create table visit (at timestamptz, day date, opens time, during tstzrange, all_of timestamptz[]);
create view looks as select now() at time zone 'UTC' as at;
create temp table mine (at timestamp);
--! expect: none

--! case: the role may not see the columns
--! as: plain
revoke select on pg_catalog.pg_attribute from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_attribute to "verify_plain";
