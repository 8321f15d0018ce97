--! title: Every column of times knows which moment it means
--! severity: medium
--! group: schema
--! scope: database
--! needs: select pg_catalog.pg_attribute, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_type,
--!   select pg_catalog.pg_depend
--! why: A timestamp without time zone keeps what a clock on some wall said. Two servers, two clients or one night in October later nobody
--!   knows the moment, and differences are an hour off. timetz has an offset without a day, which is no moment either.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/datatype-datetime.html
--!   https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_timestamp_.28without_time_zone.29
with recursive domains(oid, base) as (
  select t.oid, t.typbasetype from pg_catalog.pg_type t where t.typtype = 'd'
  union all
  select d.oid, t.typbasetype from domains d join pg_catalog.pg_type t on t.oid = d.base and t.typtype = 'd'
), zoneless(oid, wanted) as (
  -- timestamp, its array, range and multirange; timetz and its array.
  values (1114::oid, 'timestamp with time zone'), (1115, 'timestamp with time zone[]'), (3908, 'tstzrange'), (4533, 'tstzmultirange'),
         (1266, 'time without time zone'), (1270, 'time without time zone[]')
), unclear(oid, base, wanted) as (
  select z.oid, z.oid, z.wanted from zoneless z
  union
  select d.oid, z.oid, z.wanted from domains d join zoneless z on z.oid = d.base
)
select pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname) as object,
       pg_catalog.format('column %I of table %I.%I is %s: %s', a.attname, n.nspname, c.relname,
                         pg_catalog.format_type(a.atttypid, a.atttypmod),
                         case when u.base in (1266, 1270) then 'an offset without a day is no moment'
                              else 'which moment it means is not in the database' end) as detail,
       pg_catalog.jsonb_build_object(
         'statement',
         case
           when u.base in (1114, 1115) then
             pg_catalog.format('set timezone = ''UTC''; alter table %I.%I alter column %I type %s; -- name the zone its values are in; UTC '
               'rewrites no row',
                               n.nspname, c.relname, a.attname,
                               pg_catalog.format_type(case u.base when 1114 then 1184 else 1185 end,
                                                      case when a.atttypid = u.base then a.atttypmod else -1 end))
           when u.base in (3908, 4533) then
             pg_catalog.format('alter table %I.%I add column %I %s; -- fill it from %I with both ends at time zone ''UTC'', then swap them',
                               n.nspname, c.relname, pg_catalog.left(a.attname, 60) || '_tz', u.wanted, a.attname)
           else
             pg_catalog.format('alter table %I.%I alter column %I type %s; -- drops the offset: or keep the day too, as timestamp with time zone',
                               n.nspname, c.relname, a.attname, u.wanted)
         end) as data
  from pg_catalog.pg_attribute a
  join unclear u on u.oid = a.atttypid
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 -- The types first: most databases have none of them.
 where a.atttypid = any (array(select c.oid from unclear c))
   and a.attnum > 0 and not a.attisdropped
   -- Columns of partitions and children are their parent's.
   and a.attinhcount = 0
   and c.relkind in ('r', 'p')
   and c.relpersistence <> 't'
   and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
   and not exists (select from pg_catalog.pg_depend e
                    where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
 order by 1;
