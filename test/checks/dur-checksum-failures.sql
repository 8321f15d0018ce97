--! case: pages of a database and of the shared catalogs
alter function pg_catalog.pg_stat_get_db_checksum_failures(oid) rename to the_real_checksum_failures;
alter function pg_catalog.pg_stat_get_db_checksum_last_failure(oid) rename to the_real_checksum_last_failure;
create function pg_catalog.pg_stat_get_db_checksum_failures(oid) returns int8 language sql stable as $$
  select case when $1 = 0 then 1 when $1 = (select oid from pg_catalog.pg_database where datname = 'checks') then 3 else 0 end
$$;
create function pg_catalog.pg_stat_get_db_checksum_last_failure(oid) returns timestamptz language sql stable as $$
  select '2026-03-29 02:30:00+02'::timestamptz
$$;
--! expect: checks, shared catalogs
--! says: 3 reads of database checks failed the checksum, last on 2026-03-29 00:30 UTC

--! case: nothing has failed
--! expect: none

--! case: the role may not see the counters
--! as: plain
revoke execute on function pg_catalog.pg_stat_get_db_checksum_failures(oid) from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.pg_stat_get_db_checksum_failures(oid) to "verify_plain";
