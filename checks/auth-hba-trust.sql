--! title: Nobody gets in without proving who they are
--! severity: critical
--! group: authentication
--! scope: cluster
--! needs: select pg_catalog.pg_hba_file_rules, execute pg_catalog.pg_hba_file_rules()
--! why: A line with trust lets everybody it fits in as whatever role they name, superusers included. On a socket or the loopback that is
--!   every account and every program of the machine, and whoever reaches it through a tunnel or a server-side request.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
--!   https://www.postgresql.org/docs/current/auth-trust.html
--!   CIS PostgreSQL 18: 5.3, 5.4
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
         pg_catalog.bool_and(t.is_near) as is_near,
         (pg_catalog.array_agg(t.line order by t.number))[1] as line,
         (pg_catalog.array_agg(t.type order by t.number))[1] as type
    from told t
   where t.method = 'trust'
   group by t.words
)
select f.words as object,
       pg_catalog.format('%s lets in without a password %s', f.line,
                         case
                           when f.type = 'local' then 'whoever may open the socket, as any role it names'
                           when f.is_near then 'every program of this machine, as any role it names'
                           else 'other machines, as any role it names'
                         end) as detail,
       pg_catalog.jsonb_build_object(
         'line', f.line,
         'severity', case when f.is_near then 'high' else 'critical' end,
         'statement', pg_catalog.format('in %s put %s for trust; then select pg_reload_conf();', f.line,
                                        case f.type when 'local' then 'peer (or scram-sha-256)' else 'scram-sha-256' end)) as data
  from found f
 order by 1;
