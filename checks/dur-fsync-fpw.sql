--! title: What is committed survives a crash of the machine
--! severity: critical
--! group: durability
--! scope: cluster
--! needs: setting fsync, setting full_page_writes
--! why: With fsync off the order of writes is the operating system's: a power failure leaves files that fit neither each other nor the log,
--!   and the damage shows weeks later. With full_page_writes off a page that was half written cannot be made whole from the log. Only where
--!   the storage never overwrites a page in place (ZFS) may the second be off: waive it there, with that reason.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-FSYNC
--!   https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-FULL-PAGE-WRITES
--!   CIS PostgreSQL 18: 6.4
select s.name as object,
       pg_catalog.format('%s is off: %s', s.name, w.consequence) as detail,
       pg_catalog.jsonb_build_object(
         'value', s.setting,
         'source', s.source,
         'statement', case
                        when s.source = 'command line' then pg_catalog.format('start the server with -c %s=on', s.name)
                        else pg_catalog.format('alter system set %s = on; select pg_reload_conf();', s.name)
                      end) as data
  from (values ('fsync', 'a crash of the machine can leave a database that nothing but a backup repairs'),
               ('full_page_writes', 'a page that is half written when the machine crashes stays torn')) as w(name, consequence)
  join pg_catalog.pg_settings s on s.name = w.name
 where s.setting = 'off'
 order by s.name;
