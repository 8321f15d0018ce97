--! case: a setting there is none of
--! server: odd
--! expect: no_such_setting
--! says: unrecognized configuration parameter

--! case: all of it can be read
--! expect: none

--! case: the role may not see the files
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_settings to "verify_plain";
--!   grant select on pg_catalog.pg_file_settings to "verify_plain";
--!   grant execute on function pg_catalog.pg_show_all_file_settings() to "verify_plain";
