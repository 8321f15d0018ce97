--! title: Every page of the data files carries a checksum
--! severity: high
--! group: durability
--! scope: cluster
--! needs: execute pg_catalog.current_setting(text)
--! why: Disks, controllers and their firmware change bits without an error. Without checksums the server returns the changed row, and
--!   copies it into every backup until the last good one has had its time. Since 18 initdb switches them on; clusters that
--!   came by pg_upgrade from before have kept what they had.
--! fix: pg_ctl stop -D "$PGDATA" && pg_checksums --enable --progress -D "$PGDATA" && pg_ctl start -D "$PGDATA"
--! fix-managed: # checksums are the service's decision: ask its support; a new instance of 18 may have them, and takes a dump
--!   -- every page is written again; with standbys: stop all, do it on each of them, start the primary first
--! refs: https://www.postgresql.org/docs/current/checksums.html
--!   https://www.postgresql.org/docs/current/app-pgchecksums.html
--!   CIS PostgreSQL 18: 1.4
select 'cluster' as object,
       'data checksums are off: a page the storage has changed is read, answered and backed up as if it were right' as detail,
       pg_catalog.jsonb_build_object('value', s.value) as data
  from (select pg_catalog.current_setting('data_checksums') as value) as s
 where s.value <> 'on'
 order by 1;
