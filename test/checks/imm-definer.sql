--! case: functions that act as the owner and as the guards
--! server: guarded
create function shop.clean() returns void language sql security definer as 'alter table audit.log disable trigger all';
alter function shop.clean() owner to dbctl_protected;
create function shop.open(note text) returns void language sql security definer as 'select';
revoke execute on function shop.open(text) from public;
grant execute on function shop.open(text) to writer;
alter function shop.open(text) owner to dbctl_guard;
create procedure shop.unseen() language sql security definer as 'select';
revoke execute on procedure shop.unseen() from public;
alter procedure shop.unseen() owner to dbctl_protected;
--! expect: shop.clean(), shop.open(text), shop.unseen()
--! says: shop.clean() runs with the rights of dbctl_protected, and public may call it
--! fix: alter routine shop.clean() security invoker;
--! severity: high
--! then: fixed

--! case: one more in schema dbctl
--! server: guarded
set local event_triggers = off;
create function dbctl.permit_all() returns void language sql security definer as 'select';
alter function dbctl.permit_all() owner to dbctl_guard;
--! expect: dbctl.permit_all()

--! case: the owner of a table by another name has some, too
--! server: guarded
set local event_triggers = off;
create role hermit nologin;
alter table audit.note owner to hermit;
create function shop.clean() returns void language sql security definer as 'select';
alter function shop.clean() owner to hermit;
--! expect: shop.clean()

--! case: those of other roles, of superusers, and such as run as their caller
--! server: guarded
create function shop.whoami() returns text language sql as 'select current_user::text';
alter function shop.whoami() owner to dbctl_protected;
create function shop.clean() returns void language sql security definer as 'select';
create function shop.tidy() returns void language sql security definer as 'select';
alter function shop.tidy() owner to writer;
--! expect: none

--! case: the role may not see the functions
--! server: guarded
--! as: plain
set local event_triggers = off;
revoke select on pg_catalog.pg_proc from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_proc to "verify_plain";
