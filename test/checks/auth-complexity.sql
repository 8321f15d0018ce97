--! case: nothing looks at new passwords
--! expect: shared_preload_libraries
--! fix: add passwordcheck (it comes with PostgreSQL), or credcheck, to shared_preload_libraries, then restart the server

--! case: passwordcheck does
--! server: tls
--! expect: none

--! case: a plain role does not see what is preloaded
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_settings to "verify_plain";
