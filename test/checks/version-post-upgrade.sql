--! case: indexes over ltree in a database of UTF-8, whatever their method, and not those of others
create schema "my shop";
create extension ltree schema "my shop";
create table "my shop".paths (id int4 primary key, path "my shop".ltree, other text);
create index "Paths of all" on "my shop".paths using gist (path);
create index paths_tree on "my shop".paths (other, path);
create index on "my shop".paths (other);
create temporary table passing (path "my shop".ltree unique);
--! expect: index "my shop"."Paths of all", index "my shop".paths_tree
--! says: since 18.2 case folding of ltree changed, and the index was built with the old one: searches miss rows
--! severity: high
--! fix: reindex index concurrently "my shop"."Paths of all";
--!   -- then, in dbctl.yaml: verify: {done_after_update: ["index \"my shop\".\"Paths of all\" on 18.2"]}

--! case: what 18.6 asks for, and what 18.7 will
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version_num' then '180007' else pg_catalog.the_real_current_setting($1) end
$$;
create extension ltree;
create extension btree_gist;
create extension pgcrypto;
create table public.things (path ltree, size float8, flags bit(8), code character(4), words tsvector, day date);
create index t_path on public.things (path);
create index t_size on public.things using gist (size, day);
create index t_flags on public.things using gist (flags);
create index t_code on public.things (code);
create index t_day on public.things using gist (day);
create index t_words on public.things using gin (words);
update pg_catalog.pg_class set reltuples = 'Infinity' where oid = 'public.things'::regclass;
set local allow_system_table_mods = on;
alter view pg_catalog.pg_replication_slots rename to the_real_slots;
create view pg_catalog.pg_replication_slots as
  select s.slot_name, s.plugin from (values ('feed'::name, 'my_decoder'::name), ('other', 'pgoutput'), ('standby', null)) as s(slot_name, plugin);
--! expect: extension pgcrypto, index public.t_code, index public.t_flags, index public.t_path, index public.t_size, slot feed, table public.things
--! says: extension pgcrypto: since 18.6 PGP messages made with blowfish
--! severity: low

--! case: the number of rows is more than fits into the pages
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version_num' then '180006' else pg_catalog.the_real_current_setting($1) end
$$;
create table public.things (words tsvector);
insert into public.things values ('a'), ('b');
create index on public.things using gin (words);
create table public.others (words tsvector);
insert into public.others values ('a'), ('b');
create index on public.others using gin (words);
update pg_catalog.pg_class set reltuples = 100000 where oid = 'public.things'::regclass;
--! expect: table public.things
--! fix: analyze public.things;
--!   -- then, in dbctl.yaml: verify: {done_after_update: ["table public.things on 18.6"]}

--! case: the index was rebuilt before the release that asks for it
--! policy: {"doneAfterUpdate": ["index public.t_path on 18.1", "index public.t_path", "index public.other on 18.6"]}
create extension ltree;
create table public.things (path ltree);
create index t_path on public.things (path);
--! expect: index public.t_path

--! case: somebody has done it, on a release that is new enough
--! policy: {"doneAfterUpdate": ["index public.t_path on 18.10", "index public.t_other on 17.8"]}
create extension ltree;
create table public.things (path ltree, other ltree);
create index t_path on public.things (path);
create index t_other on public.things (other);
--! expect: none

--! case: ltree folds case as before with libc and an encoding of one byte
--! database: encoding 'LATIN1' locale_provider libc locale 'C'
create extension ltree;
create table public.things (path ltree);
create index t_path on public.things (path);
--! expect: none

--! case: the server is older than the step
--! advisories: {"post_upgrade": [{"id": "ltree-case", "since": [180099, 170000], "severity": "high", "reason": "r", "step": "reindex"}]}
create extension ltree;
create table public.things (path ltree);
create index t_path on public.things (path);
--! expect: none

--! case: the role may not see the indexes
--! as: plain
revoke select on pg_catalog.pg_index from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_index to "verify_plain";
