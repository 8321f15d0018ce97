--! title: The advisory data is fresh and knows the server's release
--! severity: medium
--! group: version
--! scope: cluster
--! needs: execute pg_catalog.current_setting(text)
--! params: advisories, now
--! why: The version checks judge by a table shipped with dbctl. PostgreSQL publishes every quarter: with data older than 100 days
--!   at least one round of security fixes is missing, and "nothing known" would be taken for "nothing there".
--! fix: update dbctl: npm install dbctl@latest
--! refs: https://www.postgresql.org/developer/roadmap/
with server as (
  select pg_catalog.current_setting('server_version_num')::int4 as number
), known as (
  select pg_catalog.max((r.value ->> 'version')::int4) filter (where (r.value ->> 'version')::int4 / 10000 = s.number / 10000) as newest_minor,
         pg_catalog.max((r.value ->> 'version')::int4) / 10000 as newest_major
    from server s
   cross join pg_catalog.jsonb_array_elements($1 -> 'releases') as r(value)
), found as (
  select 'advisories' as object,
         pg_catalog.format('the advisory data is of %s, %s days old: security releases since then are not judged',
                           $1 ->> 'data_as_of', pg_catalog.timezone('UTC', $2)::date - ($1 ->> 'data_as_of')::date) as detail
   where pg_catalog.timezone('UTC', $2)::date - ($1 ->> 'data_as_of')::date > 100
  union all
  select 'server',
         pg_catalog.format('the server is %s.%s, newer than anything in the advisory data of %s: its holes are not known to dbctl',
                           s.number / 10000, s.number % 10000, $1 ->> 'data_as_of')
    from server s
   cross join known k
   where s.number > k.newest_minor or s.number / 10000 > k.newest_major
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('data_as_of', $1 ->> 'data_as_of') as data
  from found f
 order by f.object;
