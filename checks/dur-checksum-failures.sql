--! title: No page has failed its checksum
--! severity: critical
--! group: durability
--! scope: cluster
--! needs: select pg_catalog.pg_database, execute pg_catalog.pg_stat_get_db_checksum_failures(oid),
--!   execute pg_catalog.pg_stat_get_db_checksum_last_failure(oid)
--! why: A page that fails was changed below PostgreSQL: by the disk, its controller or memory. Where one is, others are coming, and
--!   every backup made since holds it. The server counts what it reads, so no failure means none was read; where checksums
--!   are off nothing is counted at all (dur-checksums).
--! fix: -- 1. copy the data folder away before anything writes to it; look at the disks and the kernel's log
--!   -- 2. find the pages: pg_amcheck --all --install-missing --heapallindexed (with the server stopped: pg_checksums --check -D "$PGDATA")
--!   -- 3. an index: reindex it; a table: restore a backup made before {last:sql} that passes dbctl backup drill
--!   -- 4. when all are repaired, start counting anew, in database {database}: select pg_catalog.pg_stat_reset();
--! fix-managed: -- 1. tell the service's support: the storage is theirs, and so is the copy to look into
--!   -- 2. an index: reindex it; a table: restore a backup made before {last:sql} that passes dbctl backup drill
--! refs: https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-DATABASE-VIEW
--!   https://www.postgresql.org/docs/current/checksums.html
select d.name as object,
       pg_catalog.format('%s of %s failed the checksum, last on %s: the storage has changed data, and backups since may hold it',
                         f.number || case when f.number = 1 then ' read' else ' reads' end, d.words, f.last) as detail,
       pg_catalog.jsonb_build_object('database', coalesce(d.datname, 'postgres'), 'number', f.number, 'last', f.last) as data
  from (
    select d.oid, d.datname, d.datname::text as name, pg_catalog.format('database %I', d.datname) as words
      from pg_catalog.pg_database d
    union all
    select 0, null, 'shared catalogs', 'the catalogs all databases share'
  ) as d
 cross join lateral (
   select pg_catalog.pg_stat_get_db_checksum_failures(d.oid) as number,
          pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.pg_stat_get_db_checksum_last_failure(d.oid)),
                             'YYYY-MM-DD HH24:MI "UTC"') as last
 ) as f
 where f.number > 0
 order by d.name;
