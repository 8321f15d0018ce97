--! title: No prepared transaction waits for its end
--! severity: medium
--! group: operations
--! scope: cluster
--! needs: select pg_catalog.pg_prepared_xacts
--! params: now
--! why: A transaction prepared for two-phase commit belongs to no session. Where the coordinator forgets it, it holds its locks and keeps
--!   vacuum from removing anything newer, over restarts too, until somebody ends it by its name. Ten minutes is long for a
--!   coordinator that is alive.
--! fix: rollback prepared {gid:literal}; -- in database {database}, once the coordinator does not know it either; else commit prepared
--! refs: https://www.postgresql.org/docs/current/sql-prepare-transaction.html
--!   https://www.postgresql.org/docs/current/view-pg-prepared-xacts.html
select p.gid as object,
       pg_catalog.format('transaction %L of role %I in database %I is prepared and waits since %s: it holds its locks and keeps vacuum back',
                         p.gid, p.owner, p.database,
                         pg_catalog.to_char(pg_catalog.timezone('UTC', p.prepared), 'YYYY-MM-DD HH24:MI "UTC"')) as detail,
       pg_catalog.jsonb_build_object('gid', p.gid, 'database', p.database) as data
  from pg_catalog.pg_prepared_xacts p
 where p.prepared < $1 - '10 minutes'::interval
 order by p.gid;
