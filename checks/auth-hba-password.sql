--! title: No password is asked for in clear
--! severity: critical
--! group: authentication
--! scope: cluster
--! needs: select pg_catalog.pg_hba_file_rules, execute pg_catalog.pg_hba_file_rules()
--! why: With the method password, and with ldap, radius, pam and bsd, the password itself is sent: without TLS everybody on the way reads it,
--!   and with TLS the server and its logs still get to see it, where SCRAM sends a proof.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/auth-password.html
--!   https://www.postgresql.org/docs/current/auth-methods.html
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
         pg_catalog.min(t.method) as method,
         pg_catalog.bool_and(t.is_near or t.type in ('hostssl', 'hostgssenc')) as is_hidden
    from told t
   where t.method = 'password'
      or (t.method in ('ldap', 'radius', 'pam', 'bsd') and not t.is_near and t.type not in ('hostssl', 'hostgssenc'))
   group by t.words
)
select f.words as object,
       pg_catalog.format('%s asks for the password itself (%s)%s', f.line, f.method,
                         case when not f.is_hidden then ', also over connections in clear' end) as detail,
       pg_catalog.jsonb_build_object(
         'line', f.line,
         'severity', case when f.method = 'password' and not f.is_hidden then 'critical' else 'high' end,
         'statement', case
                        when f.method = 'password' then
                          pg_catalog.format('in %s put scram-sha-256 for password; then select pg_reload_conf();', f.line)
                        else pg_catalog.format('in %s put hostssl at the beginning; then select pg_reload_conf();', f.line)
                      end) as data
  from found f
 order by 1;
