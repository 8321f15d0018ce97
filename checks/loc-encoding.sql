--! title: Every database and every client speaks the project's encoding
--! severity: high
--! group: locale
--! scope: cluster
--! needs: select pg_catalog.pg_database, select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles
--! params: encoding
--! why: In SQL_ASCII the server stores whatever bytes come, and nobody can say later what they meant; in a single-byte encoding an
--!   insert of anything else fails. Neither can be changed in place.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/multibyte.html
with overrides as (
  select pg_catalog.split_part(c.entry, '=', 2) as value,
         coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                              'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject
    from pg_catalog.pg_db_role_setting o
   cross join lateral pg_catalog.unnest(o.setconfig) as c(entry)
    left join pg_catalog.pg_roles r on r.oid = o.setrole
    left join pg_catalog.pg_database d on d.oid = o.setdatabase
   where pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = 'client_encoding'
), found as (
  select pg_catalog.format('database %I', d.datname) as object,
         pg_catalog.format('database %I has encoding %s instead of %s: %s', d.datname, pg_catalog.pg_encoding_to_char(d.encoding), $1,
                           case
                             when d.encoding = 0 then 'it stores any bytes, and what they meant is lost'
                             else 'text it has no letters for is refused'
                           end) as detail,
         pg_catalog.pg_encoding_to_char(d.encoding)::text as value,
         pg_catalog.format('create database %I template template0 encoding %L; -- then dump %I, restore it there and swap the names',
                           -- A name of 63 bytes has no room for a suffix.
                           pg_catalog.left(d.datname, 50) || '_new', $1, d.datname) as statement
    from pg_catalog.pg_database d
   -- What new databases are made of is loc-templates.
   where not d.datistemplate
     and pg_catalog.pg_encoding_to_char(d.encoding) <> $1
  union all
  select 'client_encoding of ' || o.subject,
         pg_catalog.format('%s gets its text in %s instead of %s: what that encoding has no letter for fails to be read', o.subject, o.value, $1),
         o.value,
         pg_catalog.format('alter %s reset client_encoding;', o.subject)
    from overrides o
   -- PostgreSQL reads utf8, UTF-8 and UNICODE as one; pg_char_to_encoding does the same.
   where pg_catalog.pg_char_to_encoding(o.value) is distinct from pg_catalog.pg_char_to_encoding($1)
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('value', f.value, 'wanted', $1, 'statement', f.statement) as data
  from found f
 order by f.object;
