--! title: Event triggers refuse DDL on append-only tables, in every session
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_event_trigger, select pg_catalog.pg_proc, select pg_catalog.pg_namespace, select pg_catalog.pg_roles
--! params: guard_event_triggers
--! why: Row guards do not see DDL: who owns a table, or comes to, disables its triggers, drops a partition or swaps two columns. Only event
--!   triggers refuse that, and with session_replication_role = replica only those that are enabled ALWAYS. Where the server never let dbctl
--!   create them the finding is of medium severity: updates, deletes and truncates are refused still, and DDL is found, not refused.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/event-triggers.html
--!   https://www.postgresql.org/docs/current/sql-altereventtrigger.html
with wanted as (
  select w.name, w.event, w.tags, w.runs,
         case w.runs
           when 'refuse_concurrent_ddl' then 'partitions can be detached, and unique indexes dropped, concurrently'
           when 'guard_new_partition' then 'a new partition has the row guard alone, until the next install'
           when 'refuse_ddl' then 'guards can be disabled and tables altered by whoever owns them'
           when 'refuse_drop' then 'tables, partitions, columns and guards can be dropped by whoever owns them or their schema'
           else 'every row can be rewritten, by another column type or as unlogged'
         end as open
    from pg_catalog.jsonb_to_recordset($1) as w(name text, event text, tags jsonb, runs text)
), compared as (
  select w.name, w.open, e.oid, e.evtenabled, r.rolname,
         pg_catalog.concat_ws(' and ',
           case when n.nspname <> 'dbctl' or p.proname <> w.runs then pg_catalog.format('runs %s', p.oid::regprocedure) end,
           case when e.evtevent <> w.event then pg_catalog.format('fires on %s', e.evtevent) end,
           case when coalesce(pg_catalog.to_jsonb(e.evttags), '[]') <> w.tags then 'is for other commands' end) as wrong,
         case when not r.rolsuper then pg_catalog.format('belongs to %I, who is no superuser', r.rolname) end as ownership
    from wanted w
    left join pg_catalog.pg_event_trigger e on e.evtname = w.name
    left join pg_catalog.pg_proc p on p.oid = e.evtfoid
    left join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    left join pg_catalog.pg_roles r on r.oid = e.evtowner
), installer as (
  -- Only a superuser can have given the schema to dbctl_guard, and a superuser can create event triggers.
  select exists (
           select from pg_catalog.pg_namespace n join pg_catalog.pg_roles r on r.oid = n.nspowner
            where n.nspname = 'dbctl' and r.rolname = 'dbctl_guard') as was_superuser
), found as (
  select 'event triggers' as name,
         pg_catalog.format('none of the event triggers of dbctl is there, so: %s',
                           pg_catalog.string_agg(c.open, '; ' order by c.name)) as detail,
         case when i.was_superuser then 'high' else 'medium' end as severity,
         case when i.was_superuser then 'dbctl immutability install --repair'
              else 'run dbctl immutability install once as a superuser, or as the provider''s administrator where it may create event triggers'
         end as statement
    from compared c
   cross join installer i
   group by i.was_superuser
  having pg_catalog.bool_and(c.oid is null)
  union all
  select c.name,
         pg_catalog.format('event trigger %I %s: %s', c.name,
           case when c.oid is null then 'is missing'
                else pg_catalog.concat_ws(' and ', nullif(c.wrong, ''),
                       case when c.evtenabled <> 'A' then pg_catalog.format('is not enabled always (evtenabled %s)', c.evtenabled) end, c.ownership)
           end,
           case when c.wrong = '' and c.evtenabled = 'A' then 'whoever becomes that role can disable it' else c.open end),
         case when c.wrong = '' and c.evtenabled = 'A' then 'medium' else 'high' end,
         case when c.wrong <> '' or c.oid is null then 'dbctl immutability install --repair'
              else pg_catalog.concat_ws(' ',
                     case when c.evtenabled <> 'A' then pg_catalog.format('alter event trigger %I enable always;', c.name) end,
                     -- The bootstrap superuser is role 10 everywhere.
                     case when c.ownership is not null then
                       pg_catalog.format('alter event trigger %I owner to %I;', c.name, pg_catalog.pg_get_userbyid(10)) end)
         end
    from compared c
   where (c.oid is null or c.wrong <> '' or c.evtenabled <> 'A' or c.ownership is not null)
     and exists (select from compared other where other.oid is not null)
)
select f.name as object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.name;
