--! title: The release is none that had to be repaired out of cycle
--! severity: medium
--! group: version
--! scope: cluster
--! needs: advisories, execute pg_catalog.current_setting(text)
--! params: advisories
--! why: The project publishes on fixed days. Where it published a successor within days, the release broke something that worked
--!   before, badly enough not to wait for the next quarter.
--! fix: install PostgreSQL {repaired:sql} or later on the server and restart it
--! refs: https://www.postgresql.org/developer/roadmap/
--!   https://www.postgresql.org/docs/release/
select 'cluster' as object,
       pg_catalog.format('release %s has regressions: %s followed out of cycle on %s to repair them',
                         v.text, v.repaired, v.date) as detail,
       pg_catalog.jsonb_build_object('version', v.text, 'repaired', v.repaired) as data
  from (
    select pg_catalog.format('%s.%s', s.number / 10000, s.number % 10000) as text,
           pg_catalog.format('%s.%s', (r.value ->> 'version')::int4 / 10000, (r.value ->> 'version')::int4 % 10000) as repaired,
           r.value ->> 'date' as date
      from (select pg_catalog.current_setting('server_version_num')::int4 as number) as s
      join pg_catalog.jsonb_array_elements($1 -> 'releases') as r(value)
        on (r.value ->> 'fixes_regressions_of')::int4 = s.number
  ) as v
 order by v.repaired;
