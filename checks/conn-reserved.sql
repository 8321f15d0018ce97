--! title: A superuser can still get in when all connections are taken
--! severity: low
--! group: connection
--! scope: cluster
--! needs: setting superuser_reserved_connections, setting max_connections, member pg_read_all_stats, select pg_catalog.pg_stat_activity
--! why: When an application takes all connections, whoever comes to help is turned away as well, unless some are kept. From four fifths
--!   on, the next restart of an application or the next traffic jam takes the rest.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS
--!   https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SUPERUSER-RESERVED-CONNECTIONS
with usage as (
  select pg_catalog.count(*) as used,
         -- The row of a setting may be missing in a plan that looks ahead; the cast meets this setting alone.
         (select case when s.setting ~ '^[0-9]+$' then s.setting::int8 end
            from pg_catalog.pg_settings s
           where s.name = 'max_connections') as most
    from pg_catalog.pg_stat_activity a
   where a.backend_type = 'client backend'
), found as (
  select 'superuser_reserved_connections' as object,
         'no connection is kept for a superuser: when all are taken, nobody can get in to see why' as detail,
         'alter system set superuser_reserved_connections = 3; -- then restart the server' as statement
    from pg_catalog.pg_settings s
   where s.name = 'superuser_reserved_connections'
     and s.setting = '0'
  union all
  select 'max_connections',
         pg_catalog.format('%s of %s connections are taken', u.used, u.most),
         'put a pooler (PgBouncer) between, or smaller pools into the applications; max_connections can be raised with a restart'
    from usage u
   where u.used * 5 >= u.most * 4
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 order by f.object;
