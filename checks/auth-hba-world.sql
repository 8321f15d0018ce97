--! title: No line lets the whole world in without TLS
--! severity: high
--! group: authentication
--! scope: cluster
--! needs: select pg_catalog.pg_hba_file_rules, execute pg_catalog.pg_hba_file_rules()
--! why: A line for every address is one firewall rule away from the internet, where servers are found within minutes and passwords are
--!   tried from then on; without hostssl even the logins that are meant go in clear.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
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
         pg_catalog.min(t.address) as address
    from told t
   where t.type in ('host', 'hostnossl', 'hostnogssenc')
     and t.method <> 'reject'
     and t.address in ('all', '0.0.0.0/0', '::/0')
   group by t.words
)
select f.words as object,
       pg_catalog.format('%s is for every address (%s), and in clear', f.line, f.address) as detail,
       pg_catalog.jsonb_build_object(
         'line', f.line,
         'statement', pg_catalog.format('in %s put the networks of the clients for %s, and hostssl at the beginning; then select pg_reload_conf();',
                                        f.line, f.address)) as data
  from found f
 order by 1;
