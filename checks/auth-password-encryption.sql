--! title: New passwords are kept as SCRAM verifiers
--! severity: high
--! group: authentication
--! scope: cluster
--! needs: unoverridden password_encryption, select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database
--! why: An MD5 verifier is as good as the password to whoever gets hold of it (a backup will do), and guessing the password from it costs
--!   nothing. PostgreSQL has given MD5 up with 18. An override for a role or a database counts when it sets a password there.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-PASSWORD-ENCRYPTION
--!   https://www.postgresql.org/docs/current/auth-password.html
--!   CIS PostgreSQL 18: 5.6
with found as (
  select 'password_encryption' as object,
         pg_catalog.format('password_encryption is %s: new passwords are kept as MD5', s.setting) as detail,
         'alter system set password_encryption = ''scram-sha-256''; select pg_reload_conf();' as statement
    from pg_catalog.pg_settings s
   where s.name = 'password_encryption'
     and s.setting <> 'scram-sha-256'
  union all
  select 'password_encryption of ' || o.subject,
         pg_catalog.format('%s has password_encryption %s: passwords set there are kept as MD5', o.subject, o.value),
         pg_catalog.format('alter %s reset password_encryption;', o.subject)
    from (select coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                                      'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject,
                 pg_catalog.split_part(c.entry, '=', 2) as value
            from pg_catalog.pg_db_role_setting p
           cross join lateral pg_catalog.unnest(p.setconfig) as c(entry)
            left join pg_catalog.pg_roles r on r.oid = p.setrole
            left join pg_catalog.pg_database d on d.oid = p.setdatabase
           where pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = 'password_encryption') as o
   where pg_catalog.lower(o.value) <> 'scram-sha-256'
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement) as data
  from found f
 order by f.object;
