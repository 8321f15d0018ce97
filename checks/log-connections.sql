--! title: The log says who connected, from where and by which method
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: unoverridden log_connections, execute pg_catalog.current_setting(text)
--! why: After a break-in the first question is who was in, and since when. Since 18 this is a list, empty at first: receipt has the address
--!   of everyone who knocks, authentication the method and the name it proved, authorization the role and the database. The old word on
--!   means these three, and all adds how long each step took.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-CONNECTIONS
--!   CIS PostgreSQL 18: 3.1.20
with live as (
  select s.setting,
         pg_catalog.string_to_array(pg_catalog.regexp_replace(pg_catalog.lower(s.setting), '[ "]', '', 'g'), ',') as parts,
         pg_catalog.current_setting('server_version_num')::int4 >= 180000 as is_list
    from pg_catalog.pg_settings s
   where s.name = 'log_connections'
), judged as (
  select l.setting,
         l.is_list,
         array (select w.part
                  from pg_catalog.unnest('{receipt,authentication,authorization}'::text[]) with ordinality as w(part, place)
                 where w.part <> all (l.parts)
                 order by w.place) as missing,
         array (select p.part from pg_catalog.unnest(l.parts) as p(part) where p.part = 'setup_durations') as kept
    from live l
   where not l.parts && '{on,true,yes,1,all}'::text[]
)
select 'log_connections' as object,
       case
         when not j.is_list then 'log_connections is off: the log does not say who connected'
         when pg_catalog.cardinality(j.missing) = 3 then
           pg_catalog.format('log_connections is %s: the log does not say who connected',
                             case j.setting when '' then 'empty' else j.setting end)
         else pg_catalog.format('log_connections is %s and leaves out %s: the log does not say %s', j.setting,
                                pg_catalog.array_to_string(j.missing, ' and '),
                                case
                                  when 'receipt' = any (j.missing) then 'who was turned away before saying a name'
                                  when 'authentication' = any (j.missing) then 'how a role proved who it is'
                                  else 'which role got into which database'
                                end)
       end as detail,
       pg_catalog.jsonb_build_object(
         'value', j.setting,
         'statement', pg_catalog.format('alter system set log_connections = %s; select pg_reload_conf(); -- for sessions from then on',
                        case when j.is_list
                             then pg_catalog.array_to_string('{receipt,authentication,authorization}'::text[] || j.kept, ', ')
                             else 'on' end)) as data
  from judged j
 where pg_catalog.cardinality(j.missing) > 0
 order by 1;
