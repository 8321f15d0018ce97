--! case: the data is older than a quarter
--! advisories: {"data_as_of": "2026-08-29", "releases": [{"version": 180099, "date": "2026-08-13", "status": "released"}]}
--! now: 2026-12-08T00:00:00Z
--! expect: advisories
--! says: the advisory data is of 2026-08-29, 101 days old
--! fix: update dbctl: npm install dbctl@latest

--! case: the server is newer than its major's newest release in the data
--! advisories: {"data_as_of": "2026-08-29", "releases": [{"version": 180000, "date": "2025-09-25", "status": "released"}]}
--! now: 2026-08-30T00:00:00Z
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version_num' then '180007' else pg_catalog.the_real_current_setting($1) end
$$;
--! expect: server
--! says: the server is 18.7, newer than anything in the advisory data of 2026-08-29

--! case: the server's major version is newer than the data
--! advisories: {"data_as_of": "2026-08-29", "releases": [{"version": 170000, "date": "2024-09-26", "status": "released"}]}
--! now: 2026-08-30T00:00:00Z
--! expect: server

--! case: a hundred days are not yet old
--! advisories: {"data_as_of": "2026-08-29", "releases": [{"version": 180099, "date": "2026-08-13", "status": "released"}]}
--! now: 2026-12-07T00:00:00Z
--! expect: none

--! case: a hundred days are not yet old where the day has begun earlier
--! advisories: {"data_as_of": "2026-08-29", "releases": [{"version": 180099, "date": "2026-08-13", "status": "released"}]}
--! now: 2026-12-07T23:30:00Z
set local timezone = 'Asia/Tokyo';
--! expect: none

--! case: a hundred and one days are old where the day has not begun
--! advisories: {"data_as_of": "2026-08-29", "releases": [{"version": 180099, "date": "2026-08-13", "status": "released"}]}
--! now: 2026-12-08T00:30:00Z
set local timezone = 'America/New_York';
--! expect: advisories
--! says: the advisory data is of 2026-08-29, 101 days old

--! case: the role may not ask for the version
--! as: plain
revoke execute on function pg_catalog.current_setting(text) from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.current_setting(text) to "verify_plain";
