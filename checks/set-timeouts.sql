--! title: Every role that logs in has limits of its own for what it leaves open
--! severity: low
--! group: settings
--! scope: database
--! needs: select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database
--! why: A session that was left inside a transaction holds its locks and keeps vacuum from removing anything newer, for days: a queue of
--!   waiting sessions and tables that grow are what is seen of it. A statement without an end does the same. PostgreSQL's manual advises
--!   against limits in postgresql.conf, which meet dumps and index builds too, so those do not count here. Superusers and roles
--!   that copy the cluster are left out: their work is long by nature.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT
--!   https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
--!   CIS PostgreSQL 18: 6.6
with wanted(name, proposal, words) as (
  values ('idle_in_transaction_session_timeout', '1min', 'a transaction it forgets stays open'),
         ('statement_timeout', '5min', 'a statement runs as long as it likes')
), limited as (
  -- transaction_timeout ends both.
  select r.oid,
         w.name,
         (select pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1)
            from pg_catalog.pg_db_role_setting o
            left join pg_catalog.pg_database d on d.oid = o.setdatabase
           cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
           where o.setrole in (0, r.oid)
             and (o.setdatabase = 0 or d.datname = pg_catalog.current_database())
             and pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = l.name
           -- PostgreSQL's order: role in database, role, database, all.
           order by o.setrole <> 0 and o.setdatabase <> 0 desc, o.setrole <> 0 desc, o.setdatabase <> 0 desc
           limit 1) as value
    from pg_catalog.pg_roles r
   cross join wanted w
   cross join lateral (values (w.name), ('transaction_timeout')) as l(name)
   where r.rolcanlogin and not r.rolsuper and not r.rolreplication
), open as (
  select l.oid, l.name
    from limited l
   group by l.oid, l.name
  -- 0, and 0 with a unit, is no limit.
  having pg_catalog.bool_and(coalesce(l.value, '0') !~ '[1-9]')
)
select pg_catalog.format('role %I', r.rolname) as object,
       pg_catalog.format('role %I has no %s of its own: %s', r.rolname, pg_catalog.string_agg(w.name, ' and no ' order by w.name),
                         pg_catalog.string_agg(w.words, ', and ' order by w.name)) as detail,
       pg_catalog.jsonb_build_object(
         'role', r.rolname,
         'statement', pg_catalog.string_agg(
                        pg_catalog.format('alter role %I in database %I set %s = %L;', r.rolname, pg_catalog.current_database(),
                                          w.name, w.proposal), ' ' order by w.name)) as data
  from open o
  join wanted w on w.name = o.name
  join pg_catalog.pg_roles r on r.oid = o.oid
 group by r.rolname
 order by r.rolname;
