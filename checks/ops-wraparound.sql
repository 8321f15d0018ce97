--! title: No database comes near the end of its transaction ids
--! severity: critical
--! group: operations
--! scope: cluster
--! needs: select pg_catalog.pg_database
--! params: wraparound_percent
--! why: Transaction ids are 32 bits, and half of them count as the past. Vacuum makes old rows independent of them at 200 million; where it
--!   does not get through, the server gives out no more of them three million before the end, which is 100 % here: it writes nothing then,
--!   and a vacuum of what is oldest is the way out. Half of that is late enough to be told, and the profile hardened tells it at 40 %.
--! fix: -- in database {database}: vacuum (freeze, verbose);
--!   -- and find what holds it back: dbctl verify --only ops-autovacuum,ops-prepared-xacts,rep-slots
--! refs: https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
--!   https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-MULTIXACT-WRAPAROUND
with ends(limits) as (
  -- xidStopLimit and multiStopLimit of the server: 2^31 - 1, and three million before that.
  values (2144483647::int8)
)
select d.datname as object,
       pg_catalog.format('database %I has used %s', d.datname,
                         pg_catalog.string_agg(
                           pg_catalog.format('%s %% of its %s: %s', u.used::int8 * 100 / e.limits, u.words,
                             case when u.used < e.limits then
                                    pg_catalog.format('the server refuses writes after %s more',
                                                      pg_catalog.to_char(e.limits - u.used, 'FM9,999,999,999'))
                                  else 'the server refuses every write that needs one' end), ', and ' order by u.words desc)) as detail,
       pg_catalog.jsonb_build_object('database', d.datname, 'age', pg_catalog.max(u.used), 'left', pg_catalog.min(e.limits - u.used)) as data
  from pg_catalog.pg_database d
 cross join ends e
 cross join lateral (values (pg_catalog.age(d.datfrozenxid), 'transaction ids'),
                            (pg_catalog.mxid_age(d.datminmxid), 'multixact ids')) as u(used, words)
 where u.used >= e.limits * $1 / 100
 group by d.datname
 order by d.datname;
