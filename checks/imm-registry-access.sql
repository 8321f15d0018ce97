--! title: Nobody but dbctl_guard writes the registry and the permits
--! severity: critical
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_proc,
--!   select pg_catalog.pg_rewrite, select pg_catalog.pg_attribute
--! params: protected_tables
--! why: Event triggers refuse what the registry names and no permit allows. Whoever deletes from the one or inserts into the other has unlocked
--!   every append-only table; so has whoever disables permit_ends, the deferred trigger that demands the guards back at commit.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-priv.html
--!   https://www.postgresql.org/docs/current/sql-createtrigger.html
with wanted(name) as (
  values ('protected_relation'), ('permit'), ('unlock_request'), ('violation_counter')
), installed as (
  select w.name, c.oid, c.relowner, n.nspowner, c.relrowsecurity,
         coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)) as acl
    from wanted w
    left join (pg_catalog.pg_class c
               join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'dbctl')
      on c.relname = w.name and c.relkind = 'r'
), held as (
  select i.oid, i.relowner, g.grantee, g.privilege_type
    from installed i cross join lateral pg_catalog.aclexplode(i.acl) g
  union
  select i.oid, i.relowner, g.grantee, g.privilege_type
    from installed i
    join pg_catalog.pg_attribute a on a.attrelid = i.oid and a.attacl is not null
   cross join lateral pg_catalog.aclexplode(a.attacl) g
), found as (
  select case when i.nothing then 'schema dbctl' else 'dbctl.' || w.name end as name,
         case when i.nothing then 'holds no registry: event triggers do not know which tables are append-only' else 'is missing' end as problem,
         case when i.nothing then 'dbctl immutability install' else 'restore it: runbooks/immutability-violation.md' end as statement
    from (select pg_catalog.bool_and(a.oid is null) as nothing from installed a) i
    join installed w on w.oid is null and (w.name = 'permit' or not i.nothing)
  union all
  select i.oid::regclass::text,
         pg_catalog.format('belongs to %I', pg_catalog.pg_get_userbyid(i.relowner)),
         pg_catalog.format('alter table %s owner to %I;', i.oid::regclass, pg_catalog.pg_get_userbyid(i.nspowner))
    from installed i
   where i.relowner <> i.nspowner and pg_catalog.pg_get_userbyid(i.relowner) <> 'dbctl_guard'
  union all
  select h.oid::regclass::text,
         pg_catalog.format('grants %s to %s', pg_catalog.string_agg(h.privilege_type, ', ' order by h.privilege_type), g.role),
         pg_catalog.format('revoke %s on table %s from %s;',
                           pg_catalog.string_agg(pg_catalog.lower(h.privilege_type), ', ' order by h.privilege_type), h.oid::regclass, g.role)
    from held h
   cross join lateral (
           select case when h.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(h.grantee)) end as role) g
   where h.grantee <> h.relowner and h.privilege_type <> 'SELECT'
   group by h.oid, g.role
  union all
  select i.oid::regclass::text,
         pg_catalog.format('has a trigger %I that runs %s', t.tgname, p.oid::regprocedure),
         pg_catalog.format('set event_triggers = off; drop trigger %I on %s; reset event_triggers;', t.tgname, i.oid::regclass)
    from installed i
    join pg_catalog.pg_trigger t on t.tgrelid = i.oid and not t.tgisinternal and t.tgname <> 'dbctl_writer'
         and not (i.name = 'permit' and t.tgname = 'permit_ends')
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
  union all
  -- Membership in pg_write_all_data writes every table; the trigger asks who it is. Type 30: before insert, update or delete, statement.
  select i.oid::regclass::text,
         case when t.oid is null then 'has no trigger dbctl_writer: members of pg_write_all_data write it'
              when t.tgenabled <> 'A' then pg_catalog.format('has trigger dbctl_writer not enabled always (tgenabled %s)', t.tgenabled)
              else 'has a trigger dbctl_writer that is not the one dbctl made' end,
         pg_catalog.format('set event_triggers = off; create or replace trigger dbctl_writer before insert or update or delete on %1$s '
           || 'for each statement execute function dbctl.refuse_stranger(); alter table %1$s enable always trigger dbctl_writer; '
           || 'reset event_triggers;', i.oid::regclass)
    from installed i
    left join (pg_catalog.pg_trigger t
               join pg_catalog.pg_proc p on p.oid = t.tgfoid
               join pg_catalog.pg_namespace n on n.oid = p.pronamespace)
      on t.tgrelid = i.oid and t.tgname = 'dbctl_writer'
   where i.oid is not null
     and (t.oid is null or t.tgenabled <> 'A' or t.tgtype <> 30 or t.tgqual is not null or t.tgnargs <> 0
          or n.nspname <> 'dbctl' or p.proname <> 'refuse_stranger')
  union all
  select i.oid::regclass::text,
         pg_catalog.format('has a rule %I', r.rulename),
         pg_catalog.format('drop rule %I on %s;', r.rulename, i.oid::regclass)
    from installed i
    join pg_catalog.pg_rewrite r on r.ev_class = i.oid
  union all
  select i.oid::regclass::text, 'has row security enabled', pg_catalog.format('alter table %s disable row level security;', i.oid::regclass)
    from installed i
   where i.relrowsecurity
  union all
  select i.oid::regclass::text,
         case when t.oid is null then 'has no trigger permit_ends: a permit lasts, and guards need not come back'
              when t.tgenabled <> 'A' then pg_catalog.format('has trigger permit_ends not enabled always (tgenabled %s)', t.tgenabled)
              else 'has a trigger permit_ends that is not the one dbctl made' end,
         case when t.tgenabled <> 'A' then pg_catalog.format('alter table %s enable always trigger permit_ends;', i.oid::regclass)
              else 'set event_triggers = off; drop trigger if exists permit_ends on dbctl.permit; create constraint trigger permit_ends '
                || 'after insert on dbctl.permit deferrable initially deferred for each row execute function dbctl.end_permit(); '
                || 'alter table dbctl.permit enable always trigger permit_ends; reset event_triggers;' end
    from installed i
    left join (pg_catalog.pg_trigger t
               join pg_catalog.pg_proc p on p.oid = t.tgfoid
               join pg_catalog.pg_namespace n on n.oid = p.pronamespace)
      on t.tgrelid = i.oid and t.tgname = 'permit_ends'
   where i.name = 'permit' and i.oid is not null
     and (t.oid is null or t.tgenabled <> 'A' or t.tgtype <> 5 or t.tgqual is not null or not t.tginitdeferred
          or n.nspname <> 'dbctl' or p.proname <> 'end_permit')
  union all
  select 'schema dbctl',
         pg_catalog.format('lets %s create in it', g.role),
         pg_catalog.format('revoke create on schema dbctl from %s;', g.role)
    from pg_catalog.pg_namespace n
   cross join lateral (
           select case when x.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end as role
             from pg_catalog.aclexplode(n.nspacl) x
            where x.privilege_type = 'CREATE' and x.grantee <> n.nspowner) g
   where n.nspname = 'dbctl' and g.role not in ('dbctl_guard', 'dbctl_owner')
)
select f.name as object,
       pg_catalog.format('%s %s', f.name, pg_catalog.string_agg(f.problem, ', ' order by f.problem)) as detail,
       pg_catalog.jsonb_build_object('severity', case f.name when 'dbctl.violation_counter' then 'medium' else 'critical' end,
                                     'statement', pg_catalog.string_agg(f.statement, ' ' order by f.problem)) as data
  from found f
 -- Where dbctl.yaml lists no table there is none to unlock.
 where pg_catalog.jsonb_array_length($1) > 0
 group by f.name
 order by f.name;
