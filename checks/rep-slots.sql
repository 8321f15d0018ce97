--! title: Every replication slot is used, and none can fill the disk
--! severity: high
--! group: replication
--! scope: cluster
--! since: 17
--! needs: select pg_catalog.pg_replication_slots, setting max_slot_wal_keep_size
--! params: now
--! why: A slot keeps the log until its standby or subscriber has read it, and rows for its queries. One that nobody reads any more keeps all
--!   of it, until pg_wal fills the disk and the server stops. One that has lost what it kept is of no use to whoever comes back to it.
--!   With max_slot_wal_keep_size, or since 18 idle_replication_slot_timeout, the slot is given up before the server is.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/view-pg-replication-slots.html
--!   https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-MAX-SLOT-WAL-KEEP-SIZE
--!   https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-IDLE-REPLICATION-SLOT-TIMEOUT
with slots as (
  select s.slot_name::text as name,
         s.wal_status,
         case when not s.active and s.inactive_since < $1 - '1 day'::interval then s.inactive_since end as unused_since
    from pg_catalog.pg_replication_slots s
   -- Slots a standby keeps in step with its primary's are idle there by nature.
   where not s.temporary and not s.synced
), found as (
  select s.name as object,
         case
           when s.wal_status = 'lost' then
             pg_catalog.format('replication slot %I has lost log its reader still needs: the standby or subscriber has to be made anew', s.name)
           when s.wal_status = 'unreserved' then
             pg_catalog.format('replication slot %I loses its log at the next checkpoint, unless its reader catches up before', s.name)
           else
             pg_catalog.format('nobody has read replication slot %I since %s: it keeps the log until the disk is full', s.name,
                               pg_catalog.to_char(pg_catalog.timezone('UTC', s.unused_since), 'YYYY-MM-DD HH24:MI "UTC"'))
         end as detail,
         'high' as severity,
         pg_catalog.format('select pg_catalog.pg_drop_replication_slot(%L); -- when its standby or subscriber does not come back', s.name)
           as statement
    from slots s
   where s.unused_since is not null or s.wal_status in ('lost', 'unreserved')
  union all
  select 'max_slot_wal_keep_size',
         pg_catalog.format('nothing limits the log that %s: a reader that stays away fills the disk',
                           case n.number when 1 then 'a replication slot keeps' else n.number || ' replication slots keep' end),
         'medium',
         'alter system set max_slot_wal_keep_size = ''10GB''; select pg_reload_conf(); -- as much as pg_wal may take'
    from (select pg_catalog.count(*) as number from slots) as n
   where n.number > 0
     and not exists (select from pg_catalog.pg_settings p
                      where (p.name = 'max_slot_wal_keep_size' and p.setting <> '-1')
                         or (p.name = 'idle_replication_slot_timeout' and p.setting <> '0'))
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
