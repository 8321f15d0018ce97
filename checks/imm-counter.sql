--! title: Refused attempts are counted for every append-only table
--! severity: low
--! group: immutability
--! scope: database
--! needs: select dbctl.violation_counter, select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger
--! params: protected_tables
--! why: Guards count what they refuse in sequences, which keep their value when the refused transaction is rolled back. One that is gone stops
--!   nothing but the alarm: attempts are refused as before, and they are missing where violations are counted. Whoever may update a
--!   sequence can set it back.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/functions-sequence.html
--!   https://www.postgresql.org/docs/current/ddl-priv.html
with listed as (
  select c.oid as relation, pg_catalog.format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table' and c.relkind in ('r', 'p')
   -- One without a guard refuses nothing that could be counted: imm-guard.
   where exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_'))
), counter as (
  select l.name, k.code, c.oid, c.relowner, c.relacl, pg_catalog.pg_get_userbyid(n.nspowner) as owner,
         pg_catalog.format('attempts_%s_%s', pg_catalog.lower(k.code), l.relation) as attempts,
         pg_catalog.format('last_attempt_%s_%s', pg_catalog.lower(k.code), l.relation) as last_attempt
    from listed l
   cross join (values ('IM001'), ('IM002'), ('IM003'), ('IM004'), ('IM005'), ('IM006')) as k(code)
    left join dbctl.violation_counter v on v.relation = l.relation and v.sqlstate = k.code
   cross join lateral (values (v.attempts), (v.last_attempt)) as s(sequence)
    left join pg_catalog.pg_class c on c.oid = s.sequence and c.relkind = 'S'
    join pg_catalog.pg_namespace n on n.nspname = 'dbctl'
), problem as (
  select c.name, 'low' as severity,
         pg_catalog.format('nothing counts %s', pg_catalog.string_agg(distinct c.code, ', ' order by c.code)) as words,
         pg_catalog.string_agg(
           distinct pg_catalog.format(
             'create sequence if not exists dbctl.%1$s; create sequence if not exists dbctl.%2$s; '
             'alter sequence dbctl.%1$s owner to %3$I; alter sequence dbctl.%2$s owner to %3$I; %8$s'
             'insert into dbctl.violation_counter (relation, sqlstate, attempts, last_attempt) values (%4$L, %5$L, %6$L, %7$L) '
             'on conflict (relation, sqlstate) do update set attempts = excluded.attempts, last_attempt = excluded.last_attempt;',
             c.attempts, c.last_attempt, c.owner, c.name, c.code, 'dbctl.' || c.attempts, 'dbctl.' || c.last_attempt,
             case when pg_catalog.to_regrole('dbctl_auditor') is not null then
               pg_catalog.format('grant select on sequence dbctl.%1$s, dbctl.%2$s to dbctl_auditor; ', c.attempts, c.last_attempt) end), ' ')
         as statement
    from counter c
   where c.oid is null
   group by c.name
  union all
  select c.name, 'medium',
         pg_catalog.format('%s may set %s', pg_catalog.string_agg(g.role, ', ' order by g.role), c.oid::regclass),
         pg_catalog.format('revoke usage, update on sequence %s from %s;', c.oid::regclass, pg_catalog.string_agg(g.role, ', ' order by g.role))
    from counter c
   cross join lateral (
           select distinct case when x.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end as role
             from pg_catalog.aclexplode(c.relacl) x
            where x.grantee <> c.relowner and x.privilege_type in ('USAGE', 'UPDATE')) g
   group by c.name, c.oid
)
select p.name as object,
       pg_catalog.format('%s: %s', p.name, pg_catalog.string_agg(p.words, '; ' order by p.words)) as detail,
       pg_catalog.jsonb_build_object('severity', case when pg_catalog.bool_or(p.severity = 'medium') then 'medium' else 'low' end,
                                     'statement', pg_catalog.string_agg(p.statement, ' ' order by p.words)) as data
  from problem p
 group by p.name
 order by p.name;
