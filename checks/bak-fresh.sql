--! title: A good backup of this database is as young as backup.max_age asks
--! severity: critical
--! group: durability
--! scope: database
--! params: backups, now
--! why: What was written since the newest backup is what a lost server costs. A backup counts when its seal is good, and so are those it
--!   was made on; one of another environment or database does not. Each repository is asked for five seconds: a place that does not
--!   answer is unknown, because nobody knows what is in it.
--! fix: dbctl backup create --env {environment:literal} --repository {repository:literal}
--! refs: https://www.postgresql.org/docs/current/backup.html
--!   CIS PostgreSQL 18: 7.3
with newest as (
  select r.name as repository,
         pg_catalog.max((b.value ->> 'at')::timestamptz) as at
    from pg_catalog.jsonb_array_elements_text($1 -> 'repositories') as r(name)
    left join pg_catalog.jsonb_array_elements($1 -> 'backups') as b(value)
      on b.value ->> 'repository' = r.name
     and (b.value ->> 'database' is null or b.value ->> 'database' = pg_catalog.current_database())
   group by r.name
), judged as (
  select n.repository,
         n.at,
         pg_catalog.date_part('epoch', $2 - n.at) as age,
         ($1 ->> 'max_age_seconds')::float8 as most
    from newest n
)
select j.repository as object,
       case
         when j.at is null then
           pg_catalog.format('repository %s has no good backup of database %s of %s', j.repository, pg_catalog.current_database(),
                             $1 ->> 'environment')
         when j.age < 0 then
           pg_catalog.format('the newest backup in %s is of %s UTC, in the future: a clock is wrong, here or there', j.repository,
                             pg_catalog.to_char(pg_catalog.timezone('UTC', j.at), 'YYYY-MM-DD HH24:MI'))
         else
           pg_catalog.format('the newest good backup in %s is %s hours old, and %s are the most', j.repository,
                             pg_catalog.round((j.age / 3600)::numeric, 1), pg_catalog.round((j.most / 3600)::numeric, 1))
       end as detail,
       pg_catalog.jsonb_build_object('environment', $1 ->> 'environment', 'repository', j.repository, 'at', j.at) as data
  from judged j
    -- Clocks of two machines differ by five minutes without anybody minding.
 where j.at is null or j.age > j.most or j.age < -300
 order by j.repository;
