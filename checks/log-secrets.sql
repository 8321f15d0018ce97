--! title: Values bound to statements stay out of the log
--! severity: medium
--! group: logging
--! scope: cluster
--! needs: unoverridden log_statement, unoverridden log_min_duration_statement, unoverridden log_min_duration_sample,
--!   unoverridden log_transaction_sample_rate, unoverridden log_parameter_max_length, unoverridden log_parameter_max_length_on_error
--! why: A program that binds its values keeps them out of the text of statements, and the log writes them beside it all the same:
--!   passwords, tokens and people's data, in files many may read and that are kept elsewhere for years. log_parameter_max_length acts once
--!   statements are logged, for what they are or how long they take. Text with values in it is logged in any case.
--! fix: alter system set {name} = 0; select pg_reload_conf();
--! refs: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-PARAMETER-MAX-LENGTH
--!   https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-PARAMETER-MAX-LENGTH-ON-ERROR
with logged as (
  select pg_catalog.string_agg(pg_catalog.format('%s = %s', s.name, pg_catalog.concat(s.setting, s.unit)), ', ' order by s.name) as because
    from pg_catalog.pg_settings s
   where (s.name = 'log_statement' and s.setting in ('mod', 'all'))
      or (s.name in ('log_min_duration_statement', 'log_min_duration_sample') and s.setting <> '-1')
      or (s.name = 'log_transaction_sample_rate' and s.setting <> '0')
), found as (
  select s.name, s.setting, 'a slow or chosen statement is logged with' as words, l.because
    from logged l
    join pg_catalog.pg_settings s on s.name = 'log_parameter_max_length'
   where l.because is not null
  union all
  select s.name, s.setting, 'a statement that fails is logged with', null
    from pg_catalog.pg_settings s
   where s.name = 'log_parameter_max_length_on_error'
)
select f.name as object,
       pg_catalog.format('%s %s of every value bound to it (%s)', f.words,
                         case f.setting when '-1' then 'the whole' else pg_catalog.format('the first %s bytes', f.setting) end,
                         pg_catalog.concat_ws(', ', f.because, pg_catalog.format('%s = %s', f.name, f.setting))) as detail,
       pg_catalog.jsonb_build_object('name', f.name, 'value', f.setting) as data
  from found f
 where f.setting <> '0'
 order by f.name;
