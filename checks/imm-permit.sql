--! title: Every permit to change an append-only table has its reason on record
--! severity: high
--! group: immutability
--! scope: database
--! needs: select dbctl.permit, select pg_catalog.pg_class, select pg_catalog.pg_namespace
--! params: protected_tables, now
--! why: A permit lets one transaction change the definition of a table. dbctl writes them for installing, for new partitions, for archives and
--!   for epochs; an emergency needs an unlock that two people agreed to. Any other was written by a superuser, and one that never ended was written
--!   while the trigger that demands the guards back was off. Told for 90 days, since permits are kept for ever.
--! fix: ask {given_by} why: runbooks/immutability-violation.md
--! refs: https://www.postgresql.org/docs/current/sql-createtrigger.html
--!   https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
with listed as (
  select c.oid as relation
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table'
), judged as (
  select p.id, p.purpose, p.given_by, p.given_at, p.ended, p.reason,
         coalesce(c.oid::regclass::text, p.relation::oid::text, 'schema dbctl') as subject,
         case when not p.ended then 1
              when p.unlock_request is not null then null
              when p.purpose = 'unlock' then 1
              when p.purpose = 'self-test' then 2
              -- dbctl immutability uninstall leaves one, and then the table is off dbctl.yaml, too.
              when p.purpose = 'release' then case when p.relation in (select l.relation from listed l) then 1 else 3 end
         end as rank
    from dbctl.permit p
    left join pg_catalog.pg_class c on c.oid = p.relation
   where p.given_at > $2 - interval '90 days'
)
select pg_catalog.format('permit %s', j.id) as object,
       pg_catalog.format('permit %s for %s, given by %s at %s: %s', j.id, j.subject, j.given_by,
         pg_catalog.to_char(j.given_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
         case when not j.ended then 'it was committed without having ended, so the trigger permit_ends was off'
              when j.purpose = 'unlock' then 'an unlock that nobody asked for'
              when j.purpose = 'self-test' then 'refused attempts of its transaction were not counted, and a self-test rolls back'
              else pg_catalog.format('the guards were released (%s)', coalesce(j.reason, 'no reason given')) end) as detail,
       pg_catalog.jsonb_build_object('severity', (pg_catalog.string_to_array('high,medium,low', ','))[j.rank],
                                     'given_by', j.given_by, 'purpose', j.purpose) as data
  from judged j
 where j.rank is not null
 order by j.id;
