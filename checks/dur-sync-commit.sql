--! title: A commit that is answered is on disk, for every role and database
--! severity: medium
--! group: durability
--! scope: cluster
--! needs: unoverridden synchronous_commit, select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles,
--!   select pg_catalog.pg_database
--! why: With synchronous_commit off the server says done before the log is written: a crash takes back the last transactions, three times
--!   wal_writer_delay at most, which an application has already told people about. It does no harm to the files, so whoever
--!   can lose them sets it for those transactions alone (set local), not for a role, a database or the server.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT
--!   https://www.postgresql.org/docs/current/wal-async-commit.html
--!   CIS PostgreSQL 18: 6.6
with entries as (
  select o.setdatabase, o.setrole, pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 2)) as value,
         -- PostgreSQL's order: role in database, role, database, all.
         case when o.setrole <> 0 and o.setdatabase <> 0 then 4 when o.setrole <> 0 then 3 when o.setdatabase <> 0 then 2 else 1 end as rank
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
   where pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = 'synchronous_commit'
), effective as (
  -- What each login role gets in each database it could connect to. A group role's setting reaches nobody.
  select distinct on (d.oid, r.oid) e.setdatabase, e.setrole, e.value
    from entries e
    join pg_catalog.pg_database d on d.datallowconn and e.setdatabase in (0, d.oid)
    join pg_catalog.pg_roles r on r.rolcanlogin and e.setrole in (0, r.oid)
   order by d.oid, r.oid, e.rank desc
), overrides as (
  select distinct coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                                       'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from effective e
    left join pg_catalog.pg_roles r on r.oid = e.setrole
    left join pg_catalog.pg_database d on d.oid = e.setdatabase
   where e.value in ('off', 'false', 'no', '0')
), found as (
  select s.name as object,
         'the server answers a commit before it is on disk: a crash takes back what applications were told is done' as detail,
         case
           when s.source = 'command line' then 'start the server with -c synchronous_commit=on'
           else 'alter system set synchronous_commit = on; select pg_reload_conf();'
         end as statement
    from pg_catalog.pg_settings s
   where s.name = 'synchronous_commit' and s.setting = 'off'
  union all
  select o.subject,
         pg_catalog.format('%s has synchronous_commit off of its own: a crash takes back what it was told is committed', o.subject),
         pg_catalog.format('alter %s reset synchronous_commit;', o.subject)
    from overrides o
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 order by f.object;
