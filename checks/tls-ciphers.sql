--! title: No list of ciphers lets a weak one in
--! severity: medium
--! group: connection
--! scope: cluster
--! needs: setting ssl_ciphers, select pg_catalog.pg_settings
--! why: A suite without authentication lets anyone in between pass for the server, one without encryption hides nothing, and the ciphers
--!   of 64-bit blocks and RC4 are broken in practice. The list is read as OpenSSL reads it. Of ciphers that OpenSSL leaves out of its own
--!   builds since 1.1.0 (3DES, RC4, IDEA) only those are findings that the list names: MEDIUM or ALL brings them with an unusual build alone.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SSL-CIPHERS
--!   https://docs.openssl.org/3.0/man1/openssl-ciphers/
--!   CIS PostgreSQL 18: 6.10
-- Every weak suite a server without PSK and SRP could speak (openssl ciphers -v ALL:COMPLEMENTOFALL, 3.0), with the words that include it.
-- `named`: left out of common builds, where it counts for a list that names it by one of these words or its own.
with suites(name, flaw, named, words) as (
  select v.name,
         v.flaw,
         pg_catalog.string_to_array(v.name || ' ' || v.named, ' '),
         pg_catalog.string_to_array(pg_catalog.concat_ws(' ', v.name, v.named, v.words,
                                                         case v.flaw
                                                           when 'eNULL' then 'COMPLEMENTOFALL'
                                                           when 'aNULL' then 'aNULL HIGH ALL COMPLEMENTOFDEFAULT'
                                                           else 'MEDIUM ALL COMPLEMENTOFDEFAULT'
                                                         end), ' ')
    from (values
         ('ADH-AES128-GCM-SHA256', 'aNULL', null::text, 'kEDH kDHE DH ADH AES128 AES AESGCM TLSv1.2 FIPS'),
         ('ADH-AES128-SHA', 'aNULL', null, 'kEDH kDHE DH ADH AES128 AES SHA1 SHA SSLv3 FIPS CBC'),
         ('ADH-AES128-SHA256', 'aNULL', null, 'kEDH kDHE DH ADH AES128 AES SHA256 TLSv1.2 FIPS CBC'),
         ('ADH-AES256-GCM-SHA384', 'aNULL', null, 'kEDH kDHE DH ADH AES256 AES AESGCM TLSv1.2 FIPS'),
         ('ADH-AES256-SHA', 'aNULL', null, 'kEDH kDHE DH ADH AES256 AES SHA1 SHA SSLv3 FIPS CBC'),
         ('ADH-AES256-SHA256', 'aNULL', null, 'kEDH kDHE DH ADH AES256 AES SHA256 TLSv1.2 FIPS CBC'),
         ('ADH-CAMELLIA128-SHA', 'aNULL', null, 'kEDH kDHE DH ADH CAMELLIA128 CAMELLIA SHA1 SHA SSLv3 CBC'),
         ('ADH-CAMELLIA128-SHA256', 'aNULL', null, 'kEDH kDHE DH ADH CAMELLIA128 CAMELLIA SHA256 TLSv1.2 CBC'),
         ('ADH-CAMELLIA256-SHA', 'aNULL', null, 'kEDH kDHE DH ADH CAMELLIA256 CAMELLIA SHA1 SHA SSLv3 CBC'),
         ('ADH-CAMELLIA256-SHA256', 'aNULL', null, 'kEDH kDHE DH ADH CAMELLIA256 CAMELLIA SHA256 TLSv1.2 CBC'),
         ('AECDH-AES128-SHA', 'aNULL', null, 'kEECDH kECDHE ECDH AECDH AES128 AES SHA1 SHA TLSv1 TLSv1.0 FIPS CBC'),
         ('AECDH-AES256-SHA', 'aNULL', null, 'kEECDH kECDHE ECDH AECDH AES256 AES SHA1 SHA TLSv1 TLSv1.0 FIPS CBC'),
         ('AECDH-NULL-SHA', 'eNULL', null, 'kEECDH kECDHE ECDH aNULL AECDH eNULL NULL SHA1 SHA TLSv1 TLSv1.0'),
         ('ECDHE-ECDSA-NULL-SHA', 'eNULL', null, 'kEECDH kECDHE EECDH ECDHE ECDH aECDSA ECDSA eNULL NULL SHA1 SHA TLSv1 TLSv1.0'),
         ('ECDHE-RSA-NULL-SHA', 'eNULL', null, 'kEECDH kECDHE EECDH ECDHE ECDH aRSA eNULL NULL SHA1 SHA TLSv1 TLSv1.0'),
         ('NULL-MD5', 'eNULL', null, 'kRSA RSA aRSA eNULL NULL MD5 SSLv3'),
         ('NULL-SHA', 'eNULL', null, 'kRSA RSA aRSA eNULL NULL SHA1 SHA SSLv3'),
         ('NULL-SHA256', 'eNULL', null, 'kRSA RSA aRSA eNULL NULL SHA256 TLSv1.2'),
         ('DES-CBC3-SHA', '3DES', '3DES', 'kRSA RSA aRSA SHA1 SHA SSLv3 CBC'),
         ('ECDHE-RSA-DES-CBC3-SHA', '3DES', '3DES', 'kEECDH kECDHE EECDH ECDHE ECDH aRSA SHA1 SHA TLSv1 TLSv1.0 CBC'),
         ('ECDHE-ECDSA-DES-CBC3-SHA', '3DES', '3DES', 'kEECDH kECDHE EECDH ECDHE ECDH aECDSA ECDSA SHA1 SHA TLSv1 TLSv1.0 CBC'),
         ('DHE-RSA-DES-CBC3-SHA', '3DES', '3DES EDH-RSA-DES-CBC3-SHA', 'kEDH kDHE EDH DHE DH aRSA SHA1 SHA SSLv3 CBC'),
         ('RC4-SHA', 'RC4', 'RC4', 'kRSA RSA aRSA SHA1 SHA SSLv3'),
         ('RC4-MD5', 'RC4', 'RC4 MD5', 'kRSA RSA aRSA SSLv3'),
         ('ECDHE-RSA-RC4-SHA', 'RC4', 'RC4', 'kEECDH kECDHE EECDH ECDHE ECDH aRSA SHA1 SHA TLSv1 TLSv1.0'),
         ('ECDHE-ECDSA-RC4-SHA', 'RC4', 'RC4', 'kEECDH kECDHE EECDH ECDHE ECDH aECDSA ECDSA SHA1 SHA TLSv1 TLSv1.0'),
         ('IDEA-CBC-SHA', 'IDEA', 'IDEA', 'kRSA RSA aRSA SHA1 SHA SSLv3 CBC')
         ) as v(name, flaw, named, words)
), vocabulary(words, parts) as (
  select pg_catalog.string_to_array('@STRENGTH @SECLEVEL=0 @SECLEVEL=1 @SECLEVEL=2 @SECLEVEL=3 @SECLEVEL=4 @SECLEVEL=5 DEFAULT LOW SSLv3 '
                                    'EDH DHE EECDH ECDHE DSS aDSS PSK aPSK kPSK kRSAPSK kDHEPSK kECDHEPSK SRP aSRP kSRP AESCCM AESCCM8 ARIA '
                                    'ARIA128 ARIA256 ARIAGCM CHACHA20 SEED DES RC2 SHA384 EXP EXPORT EXPORT40 EXPORT56', ' '),
         -- What the names of strong suites consist of.
         pg_catalog.string_to_array('ECDHE DHE RSA ECDSA DSS PSK SRP AES AES128 AES256 128 256 ARIA128 ARIA256 CAMELLIA128 CAMELLIA256 '
                                    'CHACHA20 POLY1305 GCM CCM CCM8 CBC SHA SHA256 SHA384', ' ')
), lists as (
  select s.name, s.setting from pg_catalog.pg_settings s where s.name = 'ssl_ciphers'
), elements as (
  select e.place,
         pg_catalog.substring(e.text, '^[-+!]') as sign,
         pg_catalog.string_to_array(pg_catalog.regexp_replace(e.text, '^[-+!]', ''), '+') as words,
         -- The word counts at the very beginning, and there it takes away for good.
         e.place = 1 and e.text = 'DEFAULT' as is_default
    from lists l
   cross join lateral pg_catalog.regexp_split_to_table(l.setting, '[:;, ]') with ordinality as e(text, place)
   where e.text <> ''
), effects as (
  select s.name,
         e.place,
         case when e.sign = '!' or e.is_default then 'kill' when e.sign = '-' then 'remove' else 'add' end as effect
    from suites s
    join elements e on e.words <@ s.words or (e.is_default and s.words && '{COMPLEMENTOFDEFAULT,eNULL}'::text[])
   where coalesce(e.sign, '') <> '+'
     and (e.sign is not null or e.is_default or s.named is null or e.words && s.named)
), enabled as (
  select s.name, s.flaw
    from suites s
    join effects f on f.name = s.name
   group by s.name, s.flaw
  -- Killed once is killed for ever; else the last word counts.
  having not pg_catalog.bool_or(f.effect = 'kill')
     and (pg_catalog.array_agg(f.effect order by f.place desc))[1] = 'add'
), found as (
  select 'ssl_ciphers: ' || d.flaw as object,
         pg_catalog.format('ssl_ciphers allows %s: %s', pg_catalog.string_agg(d.name, ', ' order by d.name),
                           case d.flaw
                             when 'aNULL' then 'the server proves nothing, and anyone in between can pass for it'
                             when 'eNULL' then 'what is sent is not encrypted'
                             when 'RC4' then 'RC4 is broken'
                             else 'its blocks of 64 bits give secrets away in a long session (Sweet32)'
                           end) as detail,
         'alter system set ssl_ciphers = ''HIGH:!aNULL''; select pg_reload_conf();' as statement,
         false as unknown
    from enabled d
   group by d.flaw
  union all
  select 'ssl_ciphers: @SECLEVEL=0',
         'ssl_ciphers has @SECLEVEL=0: keys of any length and certificates signed with MD5 will do',
         'alter system set ssl_ciphers = ''HIGH:!aNULL''; select pg_reload_conf();',
         false
   where exists (select from elements e where e.words = '{@SECLEVEL=0}')
  union all
  select 'tls13: ' || w.word,
         pg_catalog.format('ssl_tls13_ciphers allows %s: what is sent is not encrypted', w.word),
         'alter system reset ssl_tls13_ciphers; select pg_reload_conf();',
         false
    from pg_catalog.pg_settings t
   cross join lateral pg_catalog.regexp_split_to_table(t.setting, '[:, ]+') as w(word)
   where t.name = 'ssl_tls13_ciphers'
     and w.word in ('TLS_SHA256_SHA256', 'TLS_SHA384_SHA384')
   group by w.word
  union all
  select 'ssl_ciphers: ' || w.word,
         pg_catalog.format('dbctl does not know the word %s of ssl_ciphers, nor which suites it stands for', w.word),
         'openssl ciphers -v ' || pg_catalog.quote_literal(l.setting) || ' # on the server: nothing may show None, 3DES or RC4',
         true
    from lists l
   cross join elements e
   cross join lateral pg_catalog.unnest(e.words) as w(word)
   cross join vocabulary v
   where not (w.word = any (v.words)
              or (w.word like '%-%' and pg_catalog.string_to_array(w.word, '-') <@ v.parts)
              or w.word ~ '^TLS_(AES|CHACHA20)_[A-Z0-9_]+$'
              or exists (select from suites s where w.word = any (s.words)))
   group by w.word, l.setting
  union all
  select 'ssl_tls13_ciphers: ' || w.word,
         pg_catalog.format('dbctl does not know the suite %s of ssl_tls13_ciphers', w.word),
         'alter system reset ssl_tls13_ciphers; select pg_reload_conf();',
         true
    from pg_catalog.pg_settings t
   cross join lateral pg_catalog.regexp_split_to_table(t.setting, '[:, ]+') as w(word)
   where t.name = 'ssl_tls13_ciphers'
     and w.word !~ '^(TLS_(AES_(128|256)_(GCM|CCM|CCM_8)|CHACHA20_POLY1305)_SHA(256|384)|TLS_SHA(256_SHA256|384_SHA384)|)$'
   group by w.word
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('statement', f.statement, 'status', case when f.unknown then 'unknown' end) as data
  from found f
 order by f.object;
