--! title: Nothing keeps vacuum from removing what is long dead
--! severity: medium
--! group: operations
--! scope: cluster
--! needs: member pg_read_all_stats, select pg_catalog.pg_stat_activity, select pg_catalog.pg_stat_progress_vacuum,
--!   select pg_catalog.pg_prepared_xacts,
--!   select pg_catalog.pg_replication_slots
--! params: now, open_transaction, held_transactions
--! why: Vacuum keeps every row that the oldest transaction may still see, in all tables of its database: one session left open over lunch
--!   makes busy tables and their indexes grow, for everybody. Slots and standbys that report their queries hold back in the same way; they
--!   have no clock, so ten million transactions count as too old, where the others may take an hour. verify.limits.open_transaction and
--!   held_transactions of dbctl.yaml draw these lines elsewhere.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-SPACE-RECOVERY
--!   https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT
--!   https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-HOT-STANDBY-FEEDBACK
with holder as (
  select pg_catalog.concat_ws(' ', 'session of', pg_catalog.quote_ident(a.usename), 'in', pg_catalog.quote_ident(a.datname),
                              case when a.application_name <> '' then pg_catalog.quote_literal(a.application_name) end) as object,
         pg_catalog.format('%s since %s, %s', case when a.state like 'idle in transaction%' then 'a transaction is open and idle'
           else 'a transaction runs' end,
                           pg_catalog.to_char(pg_catalog.timezone('UTC', a.xact_start), 'YYYY-MM-DD HH24:MI "UTC"'), 'process ' || a.pid) as what,
         pg_catalog.format('select pg_catalog.pg_terminate_backend(%s); -- once nobody waits for it', a.pid) as statement
    from pg_catalog.pg_stat_activity a
   where a.xact_start < $1 - $2
     and (a.backend_xmin is not null or a.backend_xid is not null)
     and a.pid <> pg_catalog.pg_backend_pid()
     and a.leader_pid is null
     -- Vacuum does not hold itself back.
     and not exists (select from pg_catalog.pg_stat_progress_vacuum v where v.pid = a.pid)
  union all
  select pg_catalog.format('prepared transaction %L', p.gid),
         pg_catalog.format('it waits since %s', pg_catalog.to_char(pg_catalog.timezone('UTC', p.prepared), 'YYYY-MM-DD HH24:MI "UTC"')),
         pg_catalog.format('rollback prepared %L; -- in database %I, once its coordinator does not know it either; else commit prepared', p.gid,
           p.database)
    from pg_catalog.pg_prepared_xacts p
   where p.prepared < $1 - $2
  union all
  select 'replication slot ' || pg_catalog.quote_ident(s.slot_name::text),
         pg_catalog.format('its reader is %s transactions behind', greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin))),
         pg_catalog.format('select pg_catalog.pg_drop_replication_slot(%L); -- when its standby or subscriber does not come back', s.slot_name)
    from pg_catalog.pg_replication_slots s
   where greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)) > $3
  union all
  -- A standby without a slot.
  select 'standby ' || pg_catalog.quote_ident(a.application_name),
         pg_catalog.format('by hot_standby_feedback a query there holds back %s transactions', pg_catalog.age(a.backend_xmin)),
         'end the query on the standby, and give its roles a statement_timeout'
    from pg_catalog.pg_stat_activity a
   where a.backend_type = 'walsender' and pg_catalog.age(a.backend_xmin) > $3
)
select h.object,
       pg_catalog.format('%s: %s: vacuum keeps everything that died since', h.object, pg_catalog.string_agg(h.what, '; ' order by h.what)) as detail,
       pg_catalog.jsonb_build_object('statement', pg_catalog.string_agg(h.statement, E'\n' order by h.what)) as data
  from holder h
 group by h.object
 order by h.object;
