--! title: The running server is the installed one
--! severity: high
--! group: version
--! scope: cluster
--! since: 18
--! needs: execute pg_catalog.current_setting(text), execute pg_catalog.pg_get_loaded_modules()
--! why: A package update replaces the files and leaves the old server running: the fixes are on disk, not in force. Libraries a
--!   session loads from then on are of the new release inside an old server, a mix nobody tests.
--! fix: restart the server in the next maintenance window (pg_ctl restart, or systemctl restart postgresql)
--! refs: https://www.postgresql.org/docs/current/functions-info.html
--!   https://www.postgresql.org/docs/current/upgrading.html
-- Parsing a word in English loads dict_snowball, which every server package brings, from disk now. It happens while the query is
-- planned (to_tsvector is immutable), so the library is there before the list of modules is read.
select 'cluster' as object,
       pg_catalog.format('the files on disk are of release %s, the running server is still %s: what the update repaired is not in force',
                         m.on_disk, m.running) as detail,
       pg_catalog.jsonb_build_object('on_disk', m.on_disk, 'running', m.running) as data
  from (
    select pg_catalog.split_part(l.version, ' ', 1) as on_disk,
           pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) as running
      from pg_catalog.pg_get_loaded_modules() as l
     where l.module_name = 'dict_snowball'
       and pg_catalog.to_tsvector('pg_catalog.english', 'restart') is not null
  ) as m
 where m.on_disk <> m.running
 order by 1;
