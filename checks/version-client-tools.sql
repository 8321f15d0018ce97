--! title: The client programs of this machine fit the server and have no known hole
--! severity: high
--! group: version
--! scope: cluster
--! needs: execute pg_catalog.current_setting(text)
--! params: client_tools, advisories
--! why: Updates of the server leave the machines alone that dump and restore it. An old pg_dump refuses a newer server, and an old psql
--!   or libpq lets a hostile server, or whoever named a table, run code as the person at the terminal. Looked at are the programs
--!   dbctl would take on the machine it runs on; the version of libpq is taken to be theirs, as packages bring both together.
--! fix: install the client programs of PostgreSQL {newest:sql} on this machine: dbctl tools install
--! refs: https://www.postgresql.org/support/security/
--!   CIS PostgreSQL 18: 1.5
with server as (
  select pg_catalog.current_setting('server_version_num')::int4 / 10000 as major
), programs as (
  select p.value ->> 'name' as name,
         p.value ->> 'path' as path,
         (p.value ->> 'version')::int4 as version
    from pg_catalog.jsonb_array_elements($1) as p(value)
), newest as (
  select (r.value ->> 'version')::int4 / 10000 as major,
         pg_catalog.max((r.value ->> 'version')::int4) as version
    from pg_catalog.jsonb_array_elements($2 -> 'releases') as r(value)
   where r.value ->> 'status' <> 'withdrawn'
   group by (r.value ->> 'version')::int4 / 10000
), holes as (
  select p.name,
         pg_catalog.max((c.value ->> 'score')::numeric) as worst,
         pg_catalog.jsonb_agg(c.value ->> 'id' order by (c.value ->> 'score')::numeric desc, c.value ->> 'id') as ids,
         pg_catalog.string_agg(pg_catalog.format('%s (%s)', c.value ->> 'id', c.value ->> 'score'), ', '
                               order by (c.value ->> 'score')::numeric desc, c.value ->> 'id') as list
    from pg_catalog.jsonb_array_elements($2 -> 'cves') as c(value)
   cross join pg_catalog.jsonb_array_elements_text(c.value -> 'fixed') as f(version)
    join programs p on p.version / 10000 = f.version::int4 / 10000 and p.version < f.version::int4
                   and (c.value -> 'programs' ? p.name or c.value -> 'programs' ? 'libpq')
   where c.value ->> 'component' = 'client'
   group by p.name
), judged as (
  select p.name,
         p.path,
         pg_catalog.format('%s.%s', p.version / 10000, p.version % 10000) as version,
         s.major,
         p.version / 10000 < s.major as is_older,
         n.version is null as is_unknown,
         h.worst,
         coalesce(h.ids, '[]') as ids,
         h.list,
         -- What to install: the newest release of the server's major, or of the program's where that is newer.
         (select m.version from newest m where m.major >= s.major and m.major >= p.version / 10000 order by m.major limit 1) as target
    from programs p
   cross join server s
    left join newest n on n.major = p.version / 10000
    left join holes h on h.name = p.name
)
select j.name as object,
       case
         when j.is_older then
           pg_catalog.format('%s is of %s, older than the server (%s), which it refuses to work with: %s', j.name, j.version, j.major, j.path)
         when j.worst is not null then
           pg_catalog.format('%s %s has known holes: %s: %s', j.name, j.version, j.list, j.path)
         else
           pg_catalog.format('%s is of %s, and the advisory data says nothing of its major: %s', j.name, j.version, j.path)
       end as detail,
       pg_catalog.jsonb_build_object(
         'severity', case
                       when j.worst >= 9 then 'critical'
                       when j.worst >= 7 then 'high'
                       when j.worst >= 4 or j.is_older then 'medium'
                       else 'low'
                     end,
         'version', j.version,
         'path', j.path,
         'cves', j.ids,
         'newest', case when j.target is null then j.major::text else pg_catalog.format('%s.%s', j.target / 10000, j.target % 10000) end) as data
  from judged j
 where j.is_older or j.is_unknown or j.worst is not null
 order by j.name;
