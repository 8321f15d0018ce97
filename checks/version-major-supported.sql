--! title: The server runs a release of a supported major version
--! severity: critical
--! group: version
--! scope: cluster
--! needs: execute pg_catalog.current_setting(text)
--! params: advisories, now
--! why: After its end of life a major version gets no fixes: every hole found from then on stays open. Development, beta and
--!   candidate builds get none from the start, and the next one may not read their data.
--! fix: upgrade to PostgreSQL {newest:sql} with pg_upgrade or dump and restore; rehearse it on a restored backup first
--! refs: https://www.postgresql.org/support/versioning/
--!   CIS PostgreSQL 18: 1.5
with server as (
  select pg_catalog.current_setting('server_version') as version,
         pg_catalog.current_setting('server_version_num')::int4 / 10000 as major
), known as (
  select (m.value ->> 'major')::int4 as major,
         (m.value ->> 'end_of_life')::date as end_of_life
    from pg_catalog.jsonb_array_elements($1 -> 'majors') as m(value)
), judged as (
  select s.version,
         s.major,
         k.end_of_life,
         s.version !~ '^\d+\.\d+' as is_prerelease,
         -- Majors older than the table ended before it was made; newer ones are for version-advisory-age to tell.
         k.end_of_life <= pg_catalog.timezone('UTC', $2)::date or s.major < (select pg_catalog.min(o.major) from known o) as is_ended,
         (select pg_catalog.max(o.major) from known o) as newest
    from server s
    left join known k on k.major = s.major
)
select 'cluster' as object,
       case
         when j.is_prerelease then
           pg_catalog.format('the server is a test build (%s): it gets no security fixes, and a later build may not read its data', j.version)
         else
           pg_catalog.format('PostgreSQL %s has had no fixes since %s: every hole found after that stays open on this server',
                             j.major, coalesce(pg_catalog.to_char(j.end_of_life, 'YYYY-MM-DD'), 'years ago'))
       end as detail,
       pg_catalog.jsonb_build_object('version', j.version, 'end_of_life', j.end_of_life, 'newest', j.newest) as data
  from judged j
 where j.is_prerelease or j.is_ended
 order by 1;
