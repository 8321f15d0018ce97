--! title: TLS is spoken in version 1.2 or newer
--! severity: high
--! group: connection
--! scope: cluster
--! needs: setting ssl_min_protocol_version
--! why: TLS 1.0 and 1.1 rest on MD5 and SHA-1, were given up by their makers in 2021 (RFC 8996), and let who sits in between talk both
--!   sides down to what can be broken.
--! fix: alter system set ssl_min_protocol_version = 'TLSv1.2'; select pg_reload_conf();
--! refs: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SSL-MIN-PROTOCOL-VERSION
--!   https://www.rfc-editor.org/rfc/rfc8996
--!   CIS PostgreSQL 18: 6.9
select 'ssl_min_protocol_version' as object,
       case s.setting
         when '' then 'ssl_min_protocol_version is empty: the server speaks any version of TLS its library knows'
         else pg_catalog.format('ssl_min_protocol_version is %s: the server speaks TLS older than 1.2', s.setting)
       end as detail,
       pg_catalog.jsonb_build_object('value', s.setting) as data
  from pg_catalog.pg_settings s
 where s.name = 'ssl_min_protocol_version'
   and s.setting not in ('TLSv1.2', 'TLSv1.3')
 order by 1;
