--! title: The server is at or above the pinned version
--! severity: high
--! group: version
--! scope: cluster
--! needs: execute pg_catalog.current_setting(text)
--! params: pin, advisories
--! why: The pin is the release the project was tested on and judged safe. Below it the server has holes and bugs everybody believes
--!   are closed; a withdrawn release was never meant to be run at all.
--! fix: {act:sql}
--! refs: https://www.postgresql.org/support/security/
--!   https://www.postgresql.org/docs/release/
--!   CIS PostgreSQL 18: 1.5
with server as (
  select v.number,
         v.number / 10000 as major,
         pg_catalog.format('%s.%s', v.number / 10000, v.number % 10000) as text,
         pg_catalog.format('%s.%s', $1 / 10000, $1 % 10000) as pin
    from (select pg_catalog.current_setting('server_version_num')::int4 as number) as v
), holes as (
  -- What lies between the server and the pin, when both are of one major. Client programs are elsewhere.
  select pg_catalog.string_agg(c.value ->> 'id', ', ' order by (c.value ->> 'score')::numeric desc, c.value ->> 'id') as ids,
         pg_catalog.count(*) as number
    from server s
   cross join pg_catalog.jsonb_array_elements($2 -> 'cves') as c(value)
   cross join pg_catalog.jsonb_array_elements_text(c.value -> 'fixed') as f(version)
   where s.major = $1 / 10000
     and f.version::int4 / 10000 = s.major
     and f.version::int4 > s.number
     and f.version::int4 <= $1
     and c.value ->> 'component' <> 'client'
), withdrawn as (
  select (r.value ->> 'version')::int4 as number
    from pg_catalog.jsonb_array_elements($2 -> 'releases') as r(value)
   where r.value ->> 'status' = 'withdrawn'
)
select 'cluster' as object,
       case
         when s.number >= $1 then
           pg_catalog.format('release %s was withdrawn before it was published: nobody supports what runs here', s.text)
         when h.number > 0 then
           pg_catalog.format('the server is %s, below the pin %s, and has %s holes the pin closes: %s', s.text, s.pin, h.number, h.ids)
         else
           pg_catalog.format('the server is %s, below the pin %s: it runs code the project was not tested on', s.text, s.pin)
       end as detail,
       pg_catalog.jsonb_build_object(
         'version', s.text,
         'pin', s.pin,
         'cves', h.ids,
         'act', case
                  when s.number >= $1 then 'install the next published release on the server and restart it'
                  when s.major < $1 / 10000 then
                    pg_catalog.format('upgrade to PostgreSQL %s or a later minor with pg_upgrade or dump and restore; ', s.pin)
                    || 'rehearse it on a restored backup first'
                  else pg_catalog.format('install PostgreSQL %s or a later minor on the server and restart it', s.pin)
                end) as data
  from server s
 cross join holes h
 where s.number < $1
    or s.number in (select w.number from withdrawn w)
 order by 1;
