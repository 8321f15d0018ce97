--! title: Every line of the log says when, which process, who and from where
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: setting log_line_prefix, setting log_destination
--! why: A line without a role, database, program and address is an error nobody can be asked about, and lines of one session cannot be put
--!   together without its process. csvlog and jsonlog have all of it in fields of their own; syslog brings time and process.
--! fix: alter system set log_line_prefix = '%m [%p] %q%u@%d %a %h '; select pg_reload_conf();
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX
--!   CIS PostgreSQL 18: 3.1.24
with live as (
  select p.setting,
         -- %% is a percent sign; a number between the percent sign and the letter is padding.
         pg_catalog.regexp_replace(pg_catalog.replace(p.setting, '%%', ''), '%-?[0-9]+', '%', 'g') as prefix,
         d.setting ~* 'stderr' as has_plain,
         d.setting ~* 'stderr|syslog' as has_prefix
    from pg_catalog.pg_settings p
    join pg_catalog.pg_settings d on d.name = 'log_destination'
   where p.name = 'log_line_prefix'
)
select 'log_line_prefix' as object,
       pg_catalog.format('log_line_prefix is %s: lines of the log do not have %s',
                         case l.setting when '' then 'empty' else pg_catalog.quote_literal(l.setting) end,
                         pg_catalog.string_agg(w.words, ', ' order by w.place)) as detail,
       pg_catalog.jsonb_build_object('value', l.setting) as data
  from live l
  join (values (1, '%[mtn]', 'the time', true), (2, '%p', 'the process', true), (3, '%u', 'the role', false),
               (4, '%d', 'the database', false), (5, '%a', 'the program', false), (6, '%[hr]', 'the address', false)
       ) as w(place, pattern, words, plain_only)
    on l.prefix !~ w.pattern and (l.has_plain or l.has_prefix and not w.plain_only)
 group by l.setting
 order by 1;
