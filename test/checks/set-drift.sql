--! case: another value, of each kind
--! policy: {"settings": {"work_mem": "64MB", "Log_Connections": "all", "archive_mode": "off", "random_page_cost": "1.1", "wal_level": "logical", "statement_timeout": "5s", "log_file_mode": "600"}}
--! expect: work_mem, Log_Connections, archive_mode, random_page_cost, wal_level, statement_timeout, log_file_mode
--! says: log_connections is 'on', and the project says 'all'
--! fix: alter system set log_connections = 'all'; select pg_reload_conf();

--! case: what only a restart, another start or another cluster makes
--! policy: {"settings": {"max_connections": "7", "block_size": "16kB"}}
--! expect: max_connections, block_size
--! fix: -- block_size is made with the cluster: say in verify.settings what it is, or make another one

--! case: no such setting, and no such value
--! policy: {"settings": {"wurk_mem": "4MB", "work_mem": "4 parsecs", "fsync": "maybe", "wal_level": "7", "max_wal_size": "4s"}}
--! expect: wurk_mem, work_mem, fsync, wal_level, max_wal_size
--! says: fsync is 'on', and the project says 'maybe'

--! case: the same in other units and spellings
--! policy: {"settings": {"work_mem": "4 MB", "maintenance_work_mem": "65536", "wal_buffers": "-1", "effective_cache_size": "4GB", "autovacuum_naptime": "1min", "checkpoint_timeout": "300000ms", "bgwriter_delay": "0.2s", "vacuum_cost_delay": "0", "autovacuum_vacuum_cost_delay": "2000us", "random_page_cost": "4.00", "autovacuum_vacuum_scale_factor": "2e-1", "fsync": "YES", "full_page_writes": "1", "log_duration": "f", "archive_mode": "true", "wal_level": "Replica", "log_file_mode": "0600", "wal_segment_size": "16MB", "log_destination": " stderr ", "DateStyle": "ISO,MDY", "shared_preload_libraries": ""}}
--! expect: none

--! case: all as the project says
--! policy: {"settings": {"work_mem": "4096kB", "fsync": "on"}}
--! expect: none

--! case: an override hides the server's value
--! policy: {"settings": {"work_mem": "64MB"}}
set local work_mem = '64MB';
--! expect: work_mem (unknown)
--! fix: run dbctl verify in a session that does not set work_mem

--! case: a plain role does not see a setting, and hidden is not equal
--! policy: {"settings": {"shared_preload_libraries": ""}}
--! as: plain
--! expect: shared_preload_libraries (unknown)
--! says: role verify_plain may not see the setting shared_preload_libraries, or there is none
--! fix: grant pg_read_all_settings to verify_plain;

--! case: the role may not see the settings
--! policy: {"settings": {"work_mem": "4MB"}}
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
