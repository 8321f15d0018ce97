--! title: Row-level security holds on every table that is to have it
--! severity: high
--! group: privileges
--! scope: database
--! needs: select pg_catalog.pg_class, select pg_catalog.pg_namespace, select pg_catalog.pg_policy
--! params: policy_tables
--! why: Policies do nothing while row-level security of their table is off, and hold everybody but its owner until it is forced. Permissive
--!   ones are joined by OR, so that a single one that is always true opens all rows. Tables are those that roles.yaml lists under
--!   row_security, and all that have policies or row-level security.
--! fix: {statement:sql}
--! refs: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
--!   CIS PostgreSQL 18: 4.7
with declared as (
  select w.entry ->> 'schema' as schema, w.entry ->> 'table' as name, (w.entry ->> 'enabled')::bool as enabled,
         (w.entry ->> 'forced')::bool as forced
    from pg_catalog.jsonb_array_elements($1) as w(entry)
), policy as (
  select p.polrelid, p.polname, p.polpermissive, p.polroles = '{0}' as is_for_all,
         case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end as command,
         pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true' as shows_all,
         pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) = 'true' as takes_all
    from pg_catalog.pg_policy p
), member as (
  select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relrowsecurity, c.relforcerowsecurity,
         d.name is not null as is_declared, coalesce(d.enabled, true) as enabled, coalesce(d.forced, true) as forced,
         coalesce(p.number, 0) as policies
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join declared d on d.schema = n.nspname and d.name = c.relname
    left join (select p.polrelid, pg_catalog.count(*) as number from policy p group by p.polrelid) as p on p.polrelid = c.oid
   where c.relkind in ('r', 'p')
     and c.oid >= 16384
     and (c.relrowsecurity or d.name is not null or p.number > 0)
), found as (
  select pg_catalog.format('%I.%I: missing', d.schema, d.name) as object,
         pg_catalog.format('roles.yaml wants policies on %I.%I, and there is no such table', d.schema, d.name) as detail,
         'high' as severity,
         pg_catalog.format('take %I.%I out of row_security in roles.yaml, or bring the table back', d.schema, d.name) as statement
    from declared d
   where not exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                      where n.nspname = d.schema and c.relname = d.name and c.relkind in ('r', 'p'))
  union all
  select m.name || ': off',
         pg_catalog.format('row-level security of %s is off, and %s: all rows are open to whoever may read the table', m.name,
                           case m.policies when 0 then 'it has no policy' else 'its policies hold for nobody' end),
         'high',
         pg_catalog.format('alter table %s enable row level security;', m.name)
    from member m
   where not m.relrowsecurity and m.enabled
  union all
  select m.name || ': not forced',
         pg_catalog.format('row-level security of %s is not forced: its policies do not hold for its owner, and for views and functions of that one',
                           m.name),
         case when m.is_declared then 'high' else 'medium' end,
         pg_catalog.format('alter table %s force row level security;', m.name)
    from member m
   where m.relrowsecurity and not m.relforcerowsecurity and m.forced
  union all
  select m.name || ': no policy',
         pg_catalog.format('%s has row-level security and no policy: nobody sees a row, until somebody switches it off', m.name),
         case when m.is_declared then 'high' else 'low' end,
         'write its policies in a migration'
    from member m
   where m.relrowsecurity and m.policies = 0
  union all
  select pg_catalog.format('%s: policy %s', m.name, p.polname),
         pg_catalog.format('policy %I of %s is always true for %s%s: %s, whatever other policies say', p.polname, m.name, p.command,
                           case when p.is_for_all then '' else ', for the roles it names' end,
                           case when p.shows_all then 'all rows are open' else 'rows may be written for anybody' end),
         -- For single roles it is how one is let see everything, which a look at the policy tells.
         case when p.is_for_all then 'high' else 'low' end,
         case when p.shows_all then pg_catalog.format('drop policy %I on %s;', p.polname, m.name)
              else pg_catalog.format('alter policy %I on %s with check (false); -- write the condition that rows have to meet', p.polname, m.name) end
    from member m
    join policy p on p.polrelid = m.oid and p.polpermissive and (p.shows_all or p.takes_all)
   where m.relrowsecurity
)
select f.object,
       f.detail,
       pg_catalog.jsonb_build_object('severity', f.severity, 'statement', f.statement) as data
  from found f
 order by f.object;
