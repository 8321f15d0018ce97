--! title: Replication is for named roles from named machines
--! severity: high
--! group: authentication
--! scope: cluster
--! needs: select pg_catalog.pg_hba_file_rules, execute pg_catalog.pg_hba_file_rules()
--! why: Whoever gets in by a line for replication can copy the whole server, every database and every verifier, without touching a table.
--!   A line for all roles lets in each that is given REPLICATION later, and every superuser.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
--!   https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-AUTHENTICATION
--!   CIS PostgreSQL 18: 7.1
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
         pg_catalog.bool_or('all' = any (t.users)) as is_for_all,
         pg_catalog.bool_or(t.address in ('all', '0.0.0.0/0', '::/0')) as is_from_everywhere,
         pg_catalog.bool_and(t.is_near) as is_near
    from told t
   where 'replication' = any (t.databases)
     and t.method <> 'reject'
     and ('all' = any (t.users) or t.address in ('all', '0.0.0.0/0', '::/0'))
   group by t.words
)
select f.words as object,
       pg_catalog.format('%s lets %s replicate %s', f.line, case when f.is_for_all then 'every role with the right' else 'its roles' end,
                         case
                           when f.is_from_everywhere then 'from every address'
                           when f.is_near then 'from this machine'
                           else 'from its network'
                         end) as detail,
       pg_catalog.jsonb_build_object(
         'line', f.line,
         -- On the machine itself REPLICATION and the password still stand between.
         'severity', case when f.is_near then 'low' else 'high' end,
         'statement', pg_catalog.format('in %s put %s; then select pg_reload_conf();', f.line,
                                        pg_catalog.concat_ws(', and ', case when f.is_for_all then 'the role of the standbys for all' end,
                                                             case when f.is_from_everywhere then 'their addresses' end))) as data
  from found f
 order by 1;
