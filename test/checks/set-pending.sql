--! case: changed and not restarted
--! server: odd
--! expect: max_locks_per_transaction
--! says: max_locks_per_transaction was changed in the files of the server and waits for a restart: until then it is 64

--! case: all in force
--! expect: none

--! case: a plain role does not see all settings, and hidden is not in force
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_settings to "verify_plain";
