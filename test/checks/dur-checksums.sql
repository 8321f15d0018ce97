--! case: a cluster made without them
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'data_checksums' then 'off' else pg_catalog.the_real_current_setting($1) end
$$;
--! expect: cluster
--! says: a page the storage has changed is read, answered and backed up as if it were right

--! case: as initdb makes it since 18
--! expect: none

--! case: the role may not ask
--! as: plain
revoke execute on function pg_catalog.current_setting(text) from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.current_setting(text) to "verify_plain";
