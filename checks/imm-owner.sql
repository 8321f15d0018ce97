--! title: Append-only tables, their schemas and their database belong to nobody who logs in
--! severity: high
--! group: immutability
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_trigger, select pg_catalog.pg_inherits,
--!   select pg_catalog.pg_database, select pg_catalog.pg_roles, select pg_catalog.pg_auth_members, select pg_catalog.pg_event_trigger
--! params: protected_tables, protected_owner
--! why: The owner of a table may disable its guards; the owner of a schema may drop every table in it, whoever owns those; the owner of the
--!   database may drop it whole. Event triggers refuse the first two and never the last, and REASSIGN OWNED moves tables without firing any.
--!   So each of them belongs to a superuser, or to a role without login and without members who could become it.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/sql-altertable.html
--!   https://www.postgresql.org/docs/current/sql-dropdatabase.html
--!   https://www.postgresql.org/docs/current/sql-reassign-owned.html
with recursive listed as (
  select c.oid as relation
    from pg_catalog.jsonb_array_elements($1) as w(entry)
    join pg_catalog.pg_namespace n on n.nspname = w.entry ->> 'schema'
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.entry ->> 'table'
), family as (
  -- What dbctl.yaml lists, what carries a guard of dbctl, and all that hangs below them.
  select l.relation, l.relation as root from listed l
  union
  select t.tgrelid, t.tgrelid from pg_catalog.pg_trigger t
   where pg_catalog.starts_with(t.tgname::text, 'dbctl_guard_')
     and not exists (select from pg_catalog.pg_inherits i where i.inhrelid = t.tgrelid)
  union
  select i.inhrelid, f.root from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
), relation as (
  -- Partitions are told with their table where they have its owner.
  select c.oid, c.relowner, c.relnamespace, case when c.relowner = r.relowner then r.oid else c.oid end as told_as
    from family f
    join pg_catalog.pg_class c on c.oid = f.relation
    join pg_catalog.pg_class r on r.oid = f.root
), owned as (
  select 'table' as kind, r.told_as::regclass::text as name, r.relowner as owner,
         -- The ledger's tables are append-only, too, and belong to whom schema dbctl belongs to.
         case n.nspname when 'dbctl' then 'dbctl_guard' else $2 end as wanted,
         pg_catalog.array_agg(r.oid::regclass::text order by r.oid <> r.told_as, r.oid::regclass::text) as members
    from relation r
    join pg_catalog.pg_namespace n on n.oid = r.relnamespace
   group by r.told_as, r.relowner, n.nspname
  union all
  select 'schema', pg_catalog.quote_ident(n.nspname), n.nspowner, case n.nspname when 'dbctl' then 'dbctl_guard' else $2 end,
         array[pg_catalog.quote_ident(n.nspname)]
    from pg_catalog.pg_namespace n
   where n.nspname = 'dbctl'
      or n.oid in (select r.relnamespace from relation r)
  union all
  select 'database', pg_catalog.quote_ident(d.datname), d.datdba, $2, array[pg_catalog.quote_ident(d.datname)]
    from pg_catalog.pg_database d
   where d.datname = pg_catalog.current_database()
), stranger as (
  -- Who can become the role that is wanted is the matter of imm-member.
  select o.*, r.rolname, r.rolcanlogin, r.rolsuper
    from owned o
    join pg_catalog.pg_roles r on r.oid = o.owner and r.rolname <> o.wanted
), reachable as (
  select s.owner as role, s.owner as by from stranger s
  union
  select c.role, m.member from reachable c join pg_catalog.pg_auth_members m on m.roleid = c.by
), login as (
  select c.role,
         pg_catalog.bool_or(c.by = c.role) as itself,
         pg_catalog.string_agg(r.rolname, ', ' order by r.rolname) filter (where c.by <> c.role) as members
    from reachable c
    join pg_catalog.pg_roles r on r.oid = c.by and r.rolcanlogin and not r.rolsuper
   group by c.role
), locked as (
  select pg_catalog.count(*) = 5 as ddl
    from pg_catalog.pg_event_trigger e
   where pg_catalog.starts_with(e.evtname::text, 'dbctl_') and e.evtenabled = 'A'
)
select pg_catalog.concat(s.kind, ' ', s.name) as object,
       pg_catalog.format('%s %s%s belongs to %I%s: %s', s.kind, s.name,
         case pg_catalog.cardinality(s.members) when 1 then '' when 2 then ' and its partition'
              else pg_catalog.format(' and its %s partitions', pg_catalog.cardinality(s.members) - 1) end,
         s.rolname,
         case when s.rolsuper then pg_catalog.format(' instead of %I', s.wanted)
              when l.itself and l.members is not null then pg_catalog.format(', who may log in, and whom %s may act for', l.members)
              when l.itself then ', who may log in'
              else pg_catalog.format(', whom %s may act for', l.members) end,
         case when s.rolsuper then 'what runs as its owner runs as a superuser'
              when s.kind = 'database' then 'its owner can drop it with all that is in it'
              else case s.kind when 'schema' then 'its owner can drop every table in it' else 'its owner can disable its guards' end
                || case when k.ddl then ', once the event triggers are off' else '' end
         end) as detail,
       pg_catalog.jsonb_build_object(
         'severity', case when s.rolsuper then 'low'
                          when s.kind = 'table' and not k.ddl then 'critical'
                          when s.kind = 'schema' and s.name <> 'dbctl' and k.ddl then 'medium'
                          else 'high' end,
         'statement',
         case when not exists (select from pg_catalog.pg_roles r where r.rolname = s.wanted)
                then 'run dbctl immutability install once as a superuser, or as the provider''s administrator'
              else pg_catalog.concat(
                     (select pg_catalog.string_agg(pg_catalog.format('alter %s %s owner to %I;', s.kind, m.name, s.wanted), ' ' order by m.place)
                        from pg_catalog.unnest(s.members) with ordinality as m(name, place)),
                     case when s.kind = 'schema' and s.name <> 'dbctl' then
                       pg_catalog.format(' grant usage, create on schema %s to %I;', s.name, s.rolname) end) end) as data
  from stranger s
 cross join locked k
  left join login l on l.role = s.owner
 -- A superuser as the owner of a schema or a database opens nothing: superusers need not own them.
 where l.role is not null or (s.rolsuper and s.kind = 'table')
 order by 1;
