--! title: No published release closes a hole this server has
--! severity: high
--! group: version
--! scope: database
--! needs: advisories, execute pg_catalog.current_setting(text), select pg_catalog.pg_extension
--! params: advisories
--! why: Minor releases keep the data format: an update is a restart. From the day a release is out, what it repairs is public, and a
--!   server without it is an easy target. Being at the pin says nothing about holes found since.
--! fix: install PostgreSQL {newest:sql} on the server, update psql, pg_dump and libpq with it, and restart the server
--! refs: https://www.postgresql.org/support/security/
--!   CIS PostgreSQL 18: 1.5
with server as (
  select pg_catalog.current_setting('server_version_num')::int4 as number
), releases as (
  select (r.value ->> 'version')::int4 as number,
         r.value ->> 'date' as date
    from server s
   cross join pg_catalog.jsonb_array_elements($1 -> 'releases') as r(value)
   where r.value ->> 'status' <> 'withdrawn'
     and (r.value ->> 'version')::int4 / 10000 = s.number / 10000
     and (r.value ->> 'version')::int4 > s.number
), holes as (
  select f.version::int4 as fixed,
         c.value ->> 'id' as id,
         (c.value ->> 'score')::numeric as score,
         c.value ->> 'subject' as subject,
         c.value ->> 'component' as component,
         -- Open: in the core server, or in an extension installed in this database. Client programs are elsewhere.
         c.value ->> 'component' = 'core' or exists (
           select
             from pg_catalog.pg_extension e
            where c.value ->> 'component' = 'extension' and c.value -> 'extensions' ? e.extname::text
         ) as is_open
    from pg_catalog.jsonb_array_elements($1 -> 'cves') as c(value)
   cross join pg_catalog.jsonb_array_elements_text(c.value -> 'fixed') as f(version)
), summed as (
  select r.number,
         r.date,
         pg_catalog.count(*) as holes,
         pg_catalog.count(*) filter (where h.is_open) as open,
         pg_catalog.count(*) filter (where h.component = 'client') as client,
         pg_catalog.max(h.score) filter (where h.is_open) as worst_score,
         (pg_catalog.array_agg(pg_catalog.format('%s (%s, %s)', h.id, h.score, h.subject) order by h.score desc, h.id)
            filter (where h.is_open))[1] as worst,
         pg_catalog.jsonb_agg(h.id order by h.score desc, h.id) filter (where h.is_open) as open_ids,
         (select pg_catalog.max(n.number) from releases n) as newest
    from releases r
    join holes h on h.fixed = r.number
   group by r.number, r.date
)
select pg_catalog.format('%s.%s', s.number / 10000, s.number % 10000) as object,
       case
         when s.open > 0 then
           pg_catalog.format('release %s.%s of %s closes %s holes, %s of them open on this server and %s in client programs; worst here: %s',
                             s.number / 10000, s.number % 10000, s.date, s.holes, s.open, s.client, s.worst)
         else
           pg_catalog.format('release %s.%s of %s closes %s holes, none open here: %s are in client programs, the rest in extensions not installed',
                             s.number / 10000, s.number % 10000, s.date, s.holes, s.client)
       end as detail,
       pg_catalog.jsonb_build_object(
         'severity', case
                       when s.worst_score >= 9 then 'critical'
                       when s.worst_score >= 7 then 'high'
                       when s.worst_score >= 4 then 'medium'
                       else 'low'
                     end,
         'open', coalesce(s.open_ids, '[]'),
         'worst_score', s.worst_score,
         'newest', pg_catalog.format('%s.%s', s.newest / 10000, s.newest % 10000)) as data
  from summed s
 order by s.number;
