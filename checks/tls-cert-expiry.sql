--! title: The server's certificate is good for another 30 days, bears the server's name and was given by an authority
--! severity: high
--! group: connection
--! scope: cluster
--! needs: setting ssl
--! params: connection, now
--! why: On the day it runs out every client that verifies is turned away at once, and the quick way out is to verify no more. A name that
--!   does not fit, or a certificate that vouches for itself, does the same for every new client. What is looked at is the certificate shown
--!   to this session: that of a pooler, where one answers. Without ssl there is none.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ssl-tcp.html#SSL-CERTIFICATE-CREATION
with shown as (
  select $1 -> 'certificate' as certificate,
         ($1 #>> '{certificate,not_after}')::timestamptz as until,
         ($1 #>> '{certificate,not_before}')::timestamptz as since,
         ($1 #>> '{certificate,self_signed}')::bool as self_signed,
         $1 #>> '{certificate,mismatch}' as mismatch,
         $1 #>> '{certificate,subject}' as subject,
         ($1 ->> 'verified')::bool as verified,
         ($1 ->> 'crosses_network')::bool as leaves,
         $1 ->> 'host' as host
), found as (
  select 'certificate' as object,
         'no certificate was shown to this session, which is not encrypted' as detail,
         'high' as severity,
         'run dbctl verify with sslmode=require, or better' as statement,
         true as unknown
    from shown s
   where pg_catalog.jsonb_typeof(s.certificate) = 'null'
     and exists (select from pg_catalog.pg_settings p where p.name = 'ssl' and p.setting = 'on')
  union all
  select 'certificate: end',
         case
           when s.until <= $2 then pg_catalog.format('the certificate of %s has run out on %s', s.subject, u.day)
           else pg_catalog.format('the certificate of %s runs out on %s, in %s days', s.subject, u.day,
                                  pg_catalog.floor(extract(epoch from s.until - $2) / 86400))
         end,
         case when s.until <= $2 + '7 days'::interval then 'critical' else 'high' end,
         'renew it, put it in the place of ssl_cert_file (and its key into ssl_key_file), then select pg_reload_conf();',
         false
    from shown s
   cross join lateral (select pg_catalog.to_char(pg_catalog.timezone('UTC', s.until), 'YYYY-MM-DD') as day) as u
   where s.until < $2 + '30 days'::interval
  union all
  select 'certificate: beginning',
         pg_catalog.format('the certificate of %s is not valid before %s', s.subject,
                           pg_catalog.to_char(pg_catalog.timezone('UTC', s.since), 'YYYY-MM-DD HH24:MI "UTC"')),
         'high',
         'compare the clocks of the two machines (time-clock-skew), or wait',
         false
    from shown s
   where s.since > $2
  union all
  select 'certificate: name',
         pg_catalog.format('the certificate does not fit the name %s: %s', s.host, s.mismatch),
         'high',
         'have one issued with this name in subjectAltName, or connect by the name it bears',
         false
    from shown s
   -- On the loopback the name is that of a tunnel's end, if any.
   where s.leaves
     and s.mismatch is not null
  union all
  select 'certificate: authority',
         pg_catalog.format('the certificate of %s vouches for itself: a client that is not given a copy of it cannot verify it', s.subject),
         'medium',
         'have one issued by an authority of your own or a public one; or give every client the certificate in sslrootcert',
         false
    from shown s
   where s.self_signed
     and s.verified is not true
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement, 'status', case when f.unknown then 'unknown' end) as data
  from found f
 order by f.object;
