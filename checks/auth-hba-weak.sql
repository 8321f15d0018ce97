--! title: No line takes a proof that is easily forged
--! severity: high
--! group: authentication
--! scope: cluster
--! needs: select pg_catalog.pg_hba_file_rules, execute pg_catalog.pg_hba_file_rules()
--! why: With ident the other machine says who is asking, and a machine says what its owner wants. With md5 a recorded login is guessed
--!   from at leisure, and the server keeps verifiers that are as good as the passwords; roles with a SCRAM verifier are asked for SCRAM anyway,
--!   so that the word can be changed as soon as no role has an old one (auth-md5-verifiers).
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/auth-password.html
--!   https://www.postgresql.org/docs/current/auth-ident.html
--!   https://www.postgresql.org/support/security/CVE-2026-6478/
--!   CIS PostgreSQL 18: 5.4
with rules as (
  select h.type,
         h.database as databases,
         h.user_name as users,
         h.auth_method as method,
         pg_catalog.format('line %s of %s', h.line_number, pg_catalog.regexp_replace(h.file_name, '^.*[/\\]', '')) as line,
         h.line_number as number,
         -- As the file has it, but for the mask.
         case
           when h.netmask is not null then
             pg_catalog.inet_merge(h.address::pg_catalog.inet, h.address::pg_catalog.inet | ~ h.netmask::pg_catalog.inet)::text
           else h.address
         end as address
    from pg_catalog.pg_hba_file_rules h
   where h.type is not null
), told as (
  select r.*,
         pg_catalog.concat_ws(' ', r.type, pg_catalog.array_to_string(r.databases, ','), pg_catalog.array_to_string(r.users, ','),
                              r.address, r.method) as words,
         coalesce(r.address ~ '^(127\.|::1/128$|localhost$|samehost$)', true) as is_near
    from rules r
), found as (
  select t.words,
         (pg_catalog.array_agg(t.line order by t.number))[1] as line,
         pg_catalog.min(t.method) as method
    from told t
   where t.method in ('md5', 'ident')
   group by t.words
)
select f.words as object,
       pg_catalog.format('%s takes %s', f.line,
                         case f.method when 'md5' then 'MD5 for a proof' else 'the word of the other machine (ident) for a proof' end) as detail,
       pg_catalog.jsonb_build_object(
         'line', f.line,
         'statement', pg_catalog.format('in %s put scram-sha-256 for %s; then select pg_reload_conf();%s', f.line, f.method,
                                        case f.method when 'md5' then ' -- once every role has a SCRAM verifier' end)) as data
  from found f
 order by 1;
