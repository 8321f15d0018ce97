--! title: The log has every change to the schema and to roles
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: unoverridden log_statement, select pg_catalog.pg_settings, select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles,
--!   select pg_catalog.pg_database
--! why: Who dropped the column, who granted the role, who took the guard off: the catalogs have what is, never who made it so. With
--!   log_statement = ddl, or pgaudit recording ddl, each such statement is in the log with its role. A role with a value of its own
--!   that is less leaves no trace.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-STATEMENT
--!   CIS PostgreSQL 18: 3.1.25
with audited as (
  -- Set without its library, pgaudit.log is a name anybody may set, and its context says so.
  select exists (
    select from pg_catalog.pg_settings s
     where s.name = 'pgaudit.log'
       and s.context = 'superuser'
       and s.setting ~* '(^|,)[ "]*(ddl|all)[ "]*(,|$)'
       and s.setting !~* '(^|,)[ "]*-(ddl|all)[ "]*(,|$)') as by_pgaudit
), overrides as (
  select coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
   where pg_catalog.lower(c.entry) = 'log_statement=none'
     and (o.setrole = 0 or r.rolcanlogin)
), found as (
  select s.name as object,
         'log_statement is none: the log does not say who changed the schema or a role' as detail,
         'alter system set log_statement = ddl; select pg_reload_conf();' as statement
    from pg_catalog.pg_settings s
   where s.name = 'log_statement' and s.setting = 'none'
  union all
  select o.subject,
         pg_catalog.format('%s has log_statement none of its own: what it changes in the schema or in roles is not in the log', o.subject),
         pg_catalog.format('alter %s reset log_statement;', o.subject)
    from overrides o
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 cross join audited a
 where not a.by_pgaudit
 order by f.object;
