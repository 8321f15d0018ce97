--! case: the end of life of the major version is past
--! now: 2030-11-14T12:00:00Z
--! expect: cluster
--! says: PostgreSQL 18 has had no fixes since 2030-11-14

--! case: a major version older than the table
--! advisories: {"majors": [{"major": 19, "first_release": "2026-09-24", "end_of_life": "2031-11-13"}]}
--! expect: cluster
--! says: no fixes since years ago
--! fix: upgrade to PostgreSQL 19 with pg_upgrade or dump and restore; rehearse it on a restored backup first

-- A function of the server cannot be replaced (calls go by its oid), but it can be renamed and another take its name.
--! case: a candidate build
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version' then '18rc1' else pg_catalog.the_real_current_setting($1) end
$$;
--! expect: cluster
--! says: the server is a test build (18rc1)

--! case: the last day before the end of life
--! now: 2030-11-13T23:59:59Z
--! expect: none

--! case: the last day before the end of life, where the next has begun
--! now: 2030-11-13T23:59:59Z
set local timezone = 'Asia/Tokyo';
--! expect: none

--! case: a major version newer than the table is not ended
--! advisories: {"majors": [{"major": 17, "first_release": "2024-09-26", "end_of_life": "2029-11-08"}]}
--! expect: none

--! case: the role may not ask for the version
--! as: plain
revoke execute on function pg_catalog.current_setting(text) from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.current_setting(text) to "verify_plain";
