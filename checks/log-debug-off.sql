--! title: The log has no query trees and waits for no name server
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: unoverridden debug_print_parse, unoverridden debug_print_rewritten, unoverridden debug_print_plan, setting log_hostname,
--!   select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database
--! why: Trees (debug_print_*) are hundreds of lines a statement, with the constants in it: people's data, where many read it, and a disk
--!   that fills. Any role may set them for itself. log_hostname asks the name server for each connection, which then waits for it; benchmarks
--!   disagree about that one, so it is told and decides nothing.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-DEBUG-PRINT-PARSE
--!   CIS PostgreSQL 18: 3.1.16, 3.1.17, 3.1.18, 3.1.23
with watched(name, severity, consequence) as (
  values ('debug_print_parse', 'medium', 'the parse tree of every statement is logged, with the constants in it'),
         ('debug_print_rewritten', 'medium', 'every statement is logged once more as rules rewrite it, with the constants in it'),
         ('debug_print_plan', 'medium', 'the plan tree of every statement is logged, with the constants in it'),
         ('log_hostname', 'info', 'every connection waits until the name server knows the host')
), overrides as (
  select w.name,
         w.consequence,
         coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    join watched w on w.name = pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1))
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
   -- As a role may spell it; a cast could meet the value of another setting.
   where pg_catalog.split_part(c.entry, '=', 2) ~* '^(on|1|t(r(ue?)?)?|y(es?)?)$'
     and (o.setrole = 0 or r.rolcanlogin)
), found as (
  select s.name as object,
         pg_catalog.format('%s is on: %s', s.name, w.consequence) as detail,
         w.severity,
         pg_catalog.format('alter system set %s = off; select pg_reload_conf();', s.name) as statement
    from watched w
    join pg_catalog.pg_settings s on s.name = w.name and s.setting = 'on'
  union all
  select o.name || ' of ' || o.subject,
         pg_catalog.format('%s has %s on: %s', o.subject, o.name, o.consequence),
         'medium',
         pg_catalog.format('alter %s reset %s;', o.subject, o.name)
    from overrides o
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
