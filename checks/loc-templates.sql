--! title: New databases get the project's encoding and locale
--! severity: low
--! group: locale
--! scope: cluster
--! since: 15
--! needs: select pg_catalog.pg_database
--! params: encoding, locale_provider, locale
--! why: CREATE DATABASE copies template1. When it differs from what the project wants, the next database somebody makes in a hurry, perhaps
--!   to restore into, sorts and stores text in another way.
--! fix: alter database template1 is_template false; drop database template1;
--!   create database template1 template template0 {options:sql} is_template true;
--! refs: https://www.postgresql.org/docs/current/manage-ag-templatedbs.html
with template as (
  select d.datname,
         pg_catalog.pg_encoding_to_char(d.encoding)::text as encoding,
         case d.datlocprovider when 'b' then 'builtin' when 'i' then 'icu' when 'c' then 'libc' end as provider,
         case d.datlocprovider
           when 'c' then d.datcollate::text
           -- datlocale since 17, daticulocale before.
           else coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale')
         end as locale
    from pg_catalog.pg_database d
   where d.datname = 'template1'
)
select t.datname as object,
       pg_catalog.format('template1 is %s with %s %s instead of %s with %s %s: databases made without options come out like it',
                         t.encoding, t.provider, t.locale, $1, $2, $3) as detail,
       pg_catalog.jsonb_build_object(
         'encoding', t.encoding,
         'provider', t.provider,
         'locale', t.locale,
         'options', pg_catalog.format('encoding %L ', $1) || case $2
           when 'builtin' then pg_catalog.format('locale_provider builtin builtin_locale %L locale %L', $3, $3)
           when 'icu' then pg_catalog.format('locale_provider icu icu_locale %L', $3)
           else pg_catalog.format('locale_provider libc locale %L', $3)
         end) as data
  from template t
 where t.encoding <> $1
    or t.provider <> $2
    or pg_catalog.regexp_replace(pg_catalog.lower(t.locale), 'utf-?8', 'utf8')
       <> pg_catalog.regexp_replace(pg_catalog.lower($3), 'utf-?8', 'utf8')
 order by t.datname;
