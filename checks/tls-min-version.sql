--! title: TLS is spoken in the version asked for or newer
--! severity: high
--! group: connection
--! scope: cluster
--! needs: setting ssl_min_protocol_version
--! params: tls_version
--! why: TLS 1.0 and 1.1 rest on MD5 and SHA-1, were given up by their makers in 2021 (RFC 8996), and let who sits in between talk both
--!   sides down to what can be broken. 1.2 is asked for, and 1.3 by the profile hardened.
--! fix: alter system set ssl_min_protocol_version = {wanted:literal}; select pg_reload_conf();
--! refs: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SSL-MIN-PROTOCOL-VERSION
--!   https://www.rfc-editor.org/rfc/rfc8996
--!   CIS PostgreSQL 18: 6.9
select 'ssl_min_protocol_version' as object,
       case s.setting
         when '' then 'ssl_min_protocol_version is empty: the server speaks any version of TLS its library knows'
         else pg_catalog.format('ssl_min_protocol_version is %s: the server speaks TLS older than %s', s.setting,
                                pg_catalog.substr($1, 5))
       end as detail,
       pg_catalog.jsonb_build_object('value', s.setting, 'wanted', $1) as data
  from pg_catalog.pg_settings s
 where s.name = 'ssl_min_protocol_version'
   and s.setting <> all (case $1 when 'TLSv1.3' then '{TLSv1.3}'::text[] else '{TLSv1.2,TLSv1.3}'::text[] end)
 order by 1;
