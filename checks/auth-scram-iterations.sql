--! title: SCRAM verifiers take as many rounds as they should, and no more than is safe
--! severity: low
--! group: authentication
--! scope: cluster
--! since: 16
--! needs: unoverridden scram_iterations, advisories, select pg_catalog.pg_db_role_setting, select pg_catalog.pg_roles, select pg_catalog.pg_database
--! params: advisories
--! why: The least RFC 7677 allows are 4096 rounds: with fewer, passwords are guessed from a stolen verifier so much faster. More are
--!   better, but in releases with CVE-2026-14672 they let strangers find out which roles exist: there the update comes first.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SCRAM-ITERATIONS
--!   https://www.postgresql.org/support/security/CVE-2026-14672/
--!   https://www.rfc-editor.org/rfc/rfc7677
with given as (
  select 'scram_iterations' as object,
         'scram_iterations' as words,
         s.setting as value,
         'alter system reset scram_iterations; select pg_reload_conf();' as reset
    from pg_catalog.pg_settings s
   where s.name = 'scram_iterations'
  union all
  select 'scram_iterations of ' || o.subject, 'scram_iterations of ' || o.subject, o.value,
         pg_catalog.format('alter %s reset scram_iterations;', o.subject)
    from (select coalesce(nullif(pg_catalog.concat_ws(' in ', 'role ' || pg_catalog.quote_ident(r.rolname),
                                                      'database ' || pg_catalog.quote_ident(d.datname)), ''), 'role all') as subject,
                 pg_catalog.split_part(c.entry, '=', 2) as value
            from pg_catalog.pg_db_role_setting p
           cross join lateral pg_catalog.unnest(p.setconfig) as c(entry)
            left join pg_catalog.pg_roles r on r.oid = p.setrole
            left join pg_catalog.pg_database d on d.oid = p.setdatabase
           where pg_catalog.lower(pg_catalog.split_part(c.entry, '=', 1)) = 'scram_iterations') as o
), rounds as (
  select g.object, g.words, g.reset, case when g.value ~ '^[0-9]{1,10}$' then g.value::int8 end as number
    from given g
), hole as (
  select pg_catalog.max(f.version::int4) as fixed
    from pg_catalog.jsonb_array_elements($1 -> 'cves') as c(value)
   cross join pg_catalog.jsonb_array_elements_text(c.value -> 'fixed') as f(version)
   where c.value ->> 'id' = 'CVE-2026-14672'
     and f.version::int4 / 10000 = (select s.setting from pg_catalog.pg_settings s where s.name = 'server_version_num')::int4 / 10000
)
select r.object,
       case
         when r.number < 4096 then
           pg_catalog.format('%s is %s: passwords are guessed from a stolen verifier %s times as fast as with 4096', r.words, r.number,
                             pg_catalog.round(4096.0 / r.number, 1))
         else
           pg_catalog.format('%s is %s, and before %s.%s this tells strangers which roles exist (CVE-2026-14672)', r.words, r.number,
                             h.fixed / 10000, h.fixed % 10000)
       end as detail,
       pg_catalog.jsonb_build_object(
         'statement', r.reset || case
                        when r.number < 4096 then ' -- then set the passwords anew'
                        else pg_catalog.format(' -- until the server is updated to %s.%s', h.fixed / 10000, h.fixed % 10000)
                      end) as data
  from rounds r
 cross join hole h
 where r.number < 4096
    or (r.number > 4096
        and (select s.setting from pg_catalog.pg_settings s where s.name = 'server_version_num')::int4 < h.fixed)
 order by 1;
