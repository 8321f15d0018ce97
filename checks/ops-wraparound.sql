--! title: No database comes near the end of its transaction ids
--! severity: critical
--! group: operations
--! scope: cluster
--! needs: select pg_catalog.pg_database
--! params: wraparound_percent
--! why: Transaction ids are 32 bits, and half of them count as the past. Vacuum makes old rows independent of them at 200 million; where it
--!   does not get through, at two thousand million the server takes no more writes, and a vacuum of everything in single steps is the
--!   way out. Half of that is late enough to be told, and the profile hardened tells it at 40 %.
--! fix: -- in database {database}: vacuum (freeze, verbose);
--!   -- and find what holds it back: dbctl verify --only ops-autovacuum,ops-prepared-xacts,rep-slots
--! refs: https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
--!   https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-MULTIXACT-WRAPAROUND
select d.datname as object,
       pg_catalog.format('database %I has used %s: at 100 %% the server takes no more writes', d.datname,
                         pg_catalog.string_agg(pg_catalog.format('%s %% of its %s', u.used::int8 * 100 / 2147483648, u.words), ' and '
                                               order by u.words desc)) as detail,
       pg_catalog.jsonb_build_object('database', d.datname, 'age', pg_catalog.max(u.used)) as data
  from pg_catalog.pg_database d
 cross join lateral (values (pg_catalog.age(d.datfrozenxid), 'transaction ids'),
                            (pg_catalog.mxid_age(d.datminmxid), 'multixact ids')) as u(used, words)
 where u.used >= 2147483648 * $1 / 100
 group by d.datname
 order by d.datname;
