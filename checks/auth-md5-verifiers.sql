--! title: No role's password is kept as MD5
--! severity: high
--! group: authentication
--! scope: cluster
--! needs: select pg_catalog.pg_authid
--! why: Whoever gets hold of an MD5 verifier, from a backup or a copied catalog, logs in with it as it is, and a graphics card tries
--!   billions of guesses a second on it. The password has to be set anew, because the server cannot turn one form into the other.
--! fix: \password {role} -- in psql: it makes the new verifier on the client, so that the password reaches no log
--! refs: https://www.postgresql.org/docs/current/auth-password.html
--!   https://www.postgresql.org/docs/current/catalog-pg-authid.html
--!   CIS PostgreSQL 18: 5.6
select a.rolname::text as object,
       pg_catalog.format('the password of role %I is kept as MD5%s', a.rolname, case when a.rolsuper then ', and it is a superuser' end) as detail,
       pg_catalog.jsonb_build_object(
         'role', a.rolname,
         'severity', case when not a.rolcanlogin then 'low' when a.rolsuper then 'critical' else 'high' end) as data
  from pg_catalog.pg_authid a
 where a.rolpassword like 'md5%'
 order by a.rolname;
