--! title: The server can read all of its configuration files
--! severity: high
--! group: settings
--! scope: cluster
--! needs: member pg_read_all_settings, select pg_catalog.pg_settings, select pg_catalog.pg_file_settings,
--!   execute pg_catalog.pg_show_all_file_settings()
--! why: A server that meets a mistake in its files while it runs goes on with what it had, and says so in its log alone. The next start ends
--!   at the same mistake, and there is no server then.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/view-pg-file-settings.html
--!   CIS PostgreSQL 18: 6.3
select case when f.name is null then pg_catalog.format('line %s of %s', f.sourceline, pg_catalog.regexp_replace(f.sourcefile, '^.*/', ''))
            else f.name end as object,
       pg_catalog.format('%s: %s', pg_catalog.string_agg(pg_catalog.concat_ws(' line ', f.sourcefile, f.sourceline), ', ' order by f.seqno),
         pg_catalog.min(f.error))
         as detail,
       pg_catalog.jsonb_build_object(
         'name', f.name,
         'statement', case
           when pg_catalog.bool_and(f.sourcefile ~ '/postgresql\.auto\.conf$') and f.name is not null then
             pg_catalog.format('alter system reset %s; select pg_reload_conf();', pg_catalog.quote_ident(f.name))
           else pg_catalog.format('correct %s, then: select pg_reload_conf();',
                                  pg_catalog.string_agg(distinct pg_catalog.concat_ws(' line ', f.sourcefile, f.sourceline), ', '))
         end) as data
  from pg_catalog.pg_file_settings f
 where f.error is not null
   -- A change that waits for a restart is no mistake, and set-pending has it.
   and not exists (select from pg_catalog.pg_settings s where s.name = pg_catalog.lower(f.name) and s.pending_restart)
 group by f.name, case when f.name is null then f.sourcefile end, case when f.name is null then f.sourceline end, 1
 order by 1;
