--! case: a command that fails
--! server: odd
--! expect: archiver
--! says: nothing was ever archived, and pg_wal grows
--! severity: high

--! case: as PostgreSQL comes, without an archive
--! server: guarded
--! expect: archive_mode
--! says: a restore reaches the last backup, and nothing that was committed after it
--! severity: low

--! case: archived by a command that works
--! expect: none

--! case: the role may not see the archiver
--! as: plain
revoke select on pg_catalog.pg_stat_archiver from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_stat_archiver to "verify_plain";
