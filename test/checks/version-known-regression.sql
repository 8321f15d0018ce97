--! case: the release was repaired out of cycle
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version_num' then '180002' else pg_catalog.the_real_current_setting($1) end
$$;
--! expect: cluster
--! says: release 18.2 has regressions: 18.3 followed out of cycle on 2026-02-26
--! fix: install PostgreSQL 18.3 or later on the server and restart it

--! case: the successor itself
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version_num' then '180003' else pg_catalog.the_real_current_setting($1) end
$$;
--! expect: none

--! case: the role may not ask for the version
--! as: plain
revoke execute on function pg_catalog.current_setting(text) from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.current_setting(text) to "verify_plain";
