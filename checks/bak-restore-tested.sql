--! title: A restore was tried and passed as lately as backup.drill_days asks
--! severity: high
--! group: durability
--! scope: cluster
--! params: drills, now
--! why: A backup nobody restored is a hope. Reports of drills count when their signature is good; a drill that failed after the last one
--!   that passed is told, however young that is.
--! fix: dbctl backup drill
--! refs: https://www.postgresql.org/docs/current/backup.html
--!   CIS PostgreSQL 18: 7.3
with drills as (
  select (d.value ->> 'at')::timestamptz as at,
         (d.value ->> 'ok')::bool as is_passed,
         d.value ->> 'backup' as backup
    from pg_catalog.jsonb_array_elements($1 -> 'drills') as d(value)
), last as (
  select pg_catalog.max(d.at) filter (where d.is_passed) as passed,
         pg_catalog.max(d.at) filter (where not d.is_passed) as failed,
         ($1 ->> 'drill_days')::int4 as days
    from drills d
), found as (
  select 'newest passed drill' as object,
         case
           when l.passed is null then 'no drill has passed: nobody knows whether the backups can be restored'
           else pg_catalog.format('the newest passed drill is of %s UTC, %s days ago, and %s are the most',
                                  pg_catalog.to_char(pg_catalog.timezone('UTC', l.passed), 'YYYY-MM-DD HH24:MI'),
                                  pg_catalog.floor(pg_catalog.date_part('epoch', $2 - l.passed) / 86400), l.days)
         end as detail
    from last l
   where l.passed is null or $2 - l.passed > pg_catalog.make_interval(days => l.days)
  union all
  select 'newest drill',
         pg_catalog.format('the newest drill, of %s UTC, failed: a restore that passed before may not do so today',
                           pg_catalog.to_char(pg_catalog.timezone('UTC', l.failed), 'YYYY-MM-DD HH24:MI'))
    from last l
   where l.failed > coalesce(l.passed, '-infinity')
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('passed', l.passed, 'failed', l.failed, 'drill_days', l.days) as data
  from found f
 cross join last l
 order by f.object;
