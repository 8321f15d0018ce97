--! case: the machine's sort rules changed
update pg_catalog.pg_database set datcollversion = '0.9' where datname = 'checks';
--! expect: checks
--! says: database checks was built with collation version 0.9 and the machine has 1
--! fix: reindex (concurrently) database "checks"; alter database "checks" refresh collation version; -- in this order, connected to it

--! case: a version that is gone altogether
--! database: locale_provider libc locale 'C'
update pg_catalog.pg_database set datcollversion = '2.36' where datname = 'checks_own';
--! expect: checks_own
--! says: the machine has none

--! case: the recorded versions are the machine's, and template0 records none
--! expect: none

--! case: the role may not ask for the machine's version
--! as: plain
revoke execute on function pg_catalog.pg_database_collation_actual_version(oid) from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.pg_database_collation_actual_version(oid) to "verify_plain";
