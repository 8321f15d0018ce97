--! title: Every database has the project's locale and provider
--! severity: medium
--! group: locale
--! scope: cluster
--! since: 15
--! needs: select pg_catalog.pg_database
--! params: locale_provider, locale, icu_rules
--! why: The locale decides the order of text, hence of every index on it, and what upper() and LIKE match. A database with another one gives
--!   other answers to the same query, and one whose provider is the operating system changes them with its next update.
--! fix: create database {new} template template0 {options:sql}; -- then dump {database}, restore it there and swap the names
--! refs: https://www.postgresql.org/docs/current/locale.html
--!   https://www.postgresql.org/docs/current/sql-createdatabase.html
-- The column is datlocale since 17 and was daticulocale before; daticurules came with 16. As jsonb one query serves all.
with databases as (
  select d.datname,
         case d.datlocprovider when 'b' then 'builtin' when 'i' then 'icu' when 'c' then 'libc' end as provider,
         case d.datlocprovider
           when 'c' then d.datcollate::text
           else coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale')
         end as locale,
         coalesce(pg_catalog.to_jsonb(d) ->> 'daticurules', '') as rules
    from pg_catalog.pg_database d
   where not d.datistemplate
), wanted as (
  select $1 as provider, $2 as locale, $3 as rules,
         case $1
           when 'builtin' then pg_catalog.format('locale_provider builtin builtin_locale %L locale %L', $2, $2)
           when 'icu' then pg_catalog.format('locale_provider icu icu_locale %L', $2)
                           || case when $3 = '' then '' else pg_catalog.format(' icu_rules %L', $3) end
           else pg_catalog.format('locale_provider libc locale %L', $2)
         end as options
)
select d.datname as object,
       pg_catalog.format('database %I sorts text by %s %s%s instead of %s %s%s: the same query gives another order and other matches there',
                         d.datname, d.provider, d.locale, case when d.rules = '' then '' else ' with rules of its own' end,
                         w.provider, w.locale, case when w.rules = '' then '' else ' with the rules of the project' end) as detail,
       pg_catalog.jsonb_build_object('database', d.datname, 'provider', d.provider, 'locale', d.locale, 'rules', d.rules,
                                     'new', pg_catalog.left(d.datname, 50) || '_new', 'options', w.options) as data
  from databases d
 cross join wanted w
 where d.provider <> w.provider
    -- C.UTF-8, C.utf8 and c.UTF8 are one locale.
    or pg_catalog.regexp_replace(pg_catalog.lower(d.locale), 'utf-?8', 'utf8')
       <> pg_catalog.regexp_replace(pg_catalog.lower(w.locale), 'utf-?8', 'utf8')
    or d.rules <> w.rules
 order by d.datname;
