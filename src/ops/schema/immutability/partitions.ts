import type { DatabaseFunction } from './function.ts';

/** Puts the guards on one relation with the caller's own rights, so it can do no more than the caller could. */
export const GUARD_RELATION: DatabaseFunction = {
  name: 'guard_relation',
  args: 'relation regclass',
  returns: 'void',
  language: 'plpgsql',
  security: 'invoker',
  volatility: 'volatile',
  public: true,
  comment: 'creates the guards of a registered relation anew, takes its owner and its grants to where they belong',
  body: /* sql */ `
declare
  wanted record;
  command text;
begin
  select * into wanted from dbctl.guard_wanted(relation);
  if not found then
    raise exception using errcode = '22023', message = pg_catalog.format('%s is not a protected relation', relation);
  end if;
  if wanted.own_row_guard then
    execute pg_catalog.format('create or replace trigger dbctl_guard_partition_row before update or delete on %s for each row execute function dbctl.refuse_row_change()', relation);
    execute pg_catalog.format('alter table %s enable always trigger dbctl_guard_partition_row', relation);
  end if;
  if wanted.row_guard then
    execute pg_catalog.format('create or replace trigger dbctl_guard_row before update or delete on %s for each row execute function dbctl.refuse_row_change()', relation);
  end if;
  execute pg_catalog.format('create or replace trigger dbctl_guard_statement before update or delete on %s for each statement execute function dbctl.refuse_row_change()', relation);
  execute pg_catalog.format('create or replace trigger dbctl_guard_truncate before truncate on %s for each statement execute function dbctl.refuse_truncate()', relation);
  if wanted.has_row_guard or wanted.row_guard then
    execute pg_catalog.format('alter table %s enable always trigger dbctl_guard_row', relation);
  end if;
  execute pg_catalog.format('alter table %s enable always trigger dbctl_guard_statement, enable always trigger dbctl_guard_truncate', relation);
  foreach command in array wanted.commands loop
    execute command;
  end loop;
end`,
};

/** What guard_relation() cannot read with the caller's rights. */
export const GUARD_WANTED: DatabaseFunction = {
  name: 'guard_wanted',
  args: 'relation oid',
  returns: 'table (own_row_guard boolean, row_guard boolean, has_row_guard boolean, commands text[])',
  language: 'sql',
  security: 'definer',
  volatility: 'volatile',
  public: true,
  comment: 'which guards a registered relation has, and the statements that take owner and grants to where they belong',
  body: /* sql */ `
select p.relation <> p.root and c.relkind = 'r',
       -- A partition has the row guard of its parent, cloned by PostgreSQL; a detached one has lost it for good.
       p.relation = p.root,
       exists (
         select from pg_catalog.pg_trigger t
         where t.tgrelid = p.relation and t.tgname = 'dbctl_guard_row'),
       coalesce(dbctl.grant_repairs(p.relation), '{}')
         || case
              when p.owner_name <> pg_catalog.pg_get_userbyid(c.relowner)
              then array[pg_catalog.format('alter table %s owner to %I', p.relation, p.owner_name)]
              else '{}'
            end
from dbctl.protected_relation p
join pg_catalog.pg_class c on c.oid = p.relation
where p.relation = guard_wanted.relation`,
};

export const GRANT_REPAIRS: DatabaseFunction = {
  name: 'grant_repairs',
  args: 'relation oid',
  returns: 'text[]',
  language: 'sql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'the statements that take away every grant dbctl.forbidden_grants() complains of, and keep what inserts need',
  body: /* sql */ `
with registered as (
  select p.*, c.relowner, c.relnamespace, c.relkind, p.relation <> p.root as is_partition,
         coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)) as acl,
         exists (
           select from pg_catalog.pg_trigger t
           join pg_catalog.pg_constraint k on k.oid = t.tgconstraint and k.contype = 'f'
           where t.tgrelid = p.relation) as has_foreign_keys
  from dbctl.protected_relation p
  join pg_catalog.pg_class c on c.oid = p.relation
  where p.relation = grant_repairs.relation
), grantees as (
  select distinct g.grantee, g.privilege_type,
         case when g.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end as role
  from registered r
  cross join lateral pg_catalog.aclexplode(r.acl) g
), grantable as (
  select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) as columns
  from registered r
  join pg_catalog.pg_attribute a on a.attrelid = r.relation and a.attnum > 0 and not a.attisdropped
  where a.attname <> all (r.generated_columns) and a.attgenerated = ''
), statements (place, statement) as (
  -- What the owner may do to itself goes first: whoever is the owner later inherits no more than this.
  select 1, pg_catalog.format('revoke %s on table %s from %s',
              case when g.grantee = r.relowner then 'update, delete, truncate'
                   else 'update, delete, truncate, references, trigger, maintain' end, r.relation, g.role)
  from registered r
  join grantees g on true
  group by g.grantee, g.role, r.relowner, r.relation
  having pg_catalog.bool_or(case when g.grantee = r.relowner then g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
                            else g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') end)
  union all
  select 2, pg_catalog.format('revoke insert on table %s from %s', r.relation, g.role)
  from registered r
  join grantees g on g.privilege_type = 'INSERT' and g.grantee <> r.relowner
  where r.is_partition or r.generated_columns <> '{}'
  union all
  select 3, pg_catalog.format('grant insert (%s) on table %s to %s', l.columns, r.relation, g.role)
  from registered r
  join grantees g on g.privilege_type = 'INSERT' and g.grantee <> r.relowner
  cross join grantable l
  where not r.is_partition and r.generated_columns <> '{}'
  union all
  select 4, pg_catalog.format('revoke %s (%I) on table %s from %s', x.privilege_type, a.attname, r.relation,
              case when x.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end)
  from registered r
  join pg_catalog.pg_attribute a on a.attrelid = r.relation and a.attacl is not null and not a.attisdropped
  cross join lateral pg_catalog.aclexplode(a.attacl) x
  where case
          when x.grantee = r.relowner then x.privilege_type = 'UPDATE' and not r.has_foreign_keys
          when x.privilege_type = 'INSERT' then r.is_partition or a.attname = any (r.generated_columns)
          else x.privilege_type in ('UPDATE', 'REFERENCES')
        end
  union all
  -- A foreign key check locks the row it found with "select … for key share" and the rights of the table's owner, and that needs
  -- update on at least one column (ExecCheckPermissionsModified); the guards refuse what else it would allow.
  select 5, pg_catalog.format('grant update (%I) on table %s to %I', a.attname, r.relation, pg_catalog.pg_get_userbyid(r.relowner))
  from registered r
  join pg_catalog.pg_attribute a on a.attrelid = r.relation and a.attnum = (
    select min(b.attnum) from pg_catalog.pg_attribute b where b.attrelid = r.relation and b.attnum > 0 and not b.attisdropped)
  where r.has_foreign_keys
    and not exists (
      select from pg_catalog.pg_attribute b
      cross join lateral pg_catalog.aclexplode(b.attacl) x
      where b.attrelid = r.relation and b.attacl is not null and x.grantee = r.relowner and x.privilege_type = 'UPDATE')
  union all
  -- The ledger hashes partition by partition, and a right on the parent is none on its partitions.
  select 6, pg_catalog.format('grant usage on schema %I to dbctl_ledger', n.nspname)
  from registered r
  join pg_catalog.pg_namespace n on n.oid = r.relnamespace
  join pg_catalog.pg_roles l on l.rolname = 'dbctl_ledger'
  where not pg_catalog.has_schema_privilege(l.oid, n.oid, 'usage') and pg_catalog.pg_has_role(session_user, n.nspowner, 'usage')
  union all
  select 6, pg_catalog.format('grant select on table %s to dbctl_ledger', r.relation)
  from registered r
  join pg_catalog.pg_roles l on l.rolname = 'dbctl_ledger'
  where not pg_catalog.has_table_privilege(l.oid, r.relation, 'select')
  union all
  -- So does whoever copies partitions, or compares a copy with one; only those who may read the table.
  select 7, pg_catalog.format('grant select on table %s to %I', r.relation, o.rolname)
  from registered r
  join (
    select distinct x.grantee
    from pg_catalog.pg_proc f
    cross join lateral pg_catalog.aclexplode(f.proacl) x
    where f.pronamespace = 'dbctl'::pg_catalog.regnamespace and f.proname in ('fence_partition', 'verify_segment')
      and x.privilege_type = 'EXECUTE' and x.grantee not in (0, f.proowner)
  ) a on r.is_partition
  join pg_catalog.pg_roles o on o.oid = a.grantee
  where pg_catalog.has_table_privilege(o.oid, r.root, 'select') and not pg_catalog.has_table_privilege(o.oid, r.relation, 'select')
)
select pg_catalog.array_agg(s.statement order by s.place, s.statement) from statements s`,
};

/**
 * Whoever may create a partition could give it a trigger that changes rows on their way in, or a default that lies. What is accepted for
 * the parent is what a partition may be, and nothing besides.
 */
export const PARTITION_PROBLEM: DatabaseFunction = {
  name: 'partition_problem',
  args: 'partition oid, parent oid',
  returns: 'text',
  language: 'sql',
  security: 'definer',
  volatility: 'stable',
  public: true,
  comment: 'why a relation may not become a partition of a protected table; null: it is empty and like its parent',
  body: /* sql */ `
with s as materialized (
  select dbctl.relation_shape(partition) as own, dbctl.relation_shape(parent) as parents
)
select case
         when not exists (select from dbctl.protected_relation p where p.relation = parent) then 'the table is not protected'
         when exists (select from dbctl.protected_relation p where p.relation = partition) then 'it is registered'
         when pg_catalog.pg_relation_size(partition) > 0 then 'it has rows already, and nobody saw them being inserted'
         when exists (select from pg_catalog.pg_inherits i where i.inhparent = partition) then 'it has partitions of its own already'
         when s.own ->> 'persistence' <> 'p' then 'it is not permanent'
         when s.own -> 'row security' <> s.parents -> 'row security' then 'its row security is not that of the table'
         when s.own ->> 'policies' is not null then 'it has policies of its own'
         when s.own ->> 'rules' is not null then 'it has rules of its own'
         when not (s.own -> 'columns' <@ (s.parents -> 'columns') and s.own -> 'columns' @> (s.parents -> 'columns'))
           then 'its columns are not those of the table, defaults included'
         when exists (
           select from pg_catalog.pg_trigger t
           where t.tgrelid = partition and not t.tgisinternal and t.tgparentid = 0 and t.tgname !~ '^dbctl_guard_')
           then 'it has triggers of its own'
         when exists (
           select from pg_catalog.pg_constraint k
           where k.conrelid = partition and k.contype = 'c'
             and s.parents -> 'constraints' ->> k.conname::text is distinct from pg_catalog.pg_get_constraintdef(k.oid))
           then 'it has check constraints of its own'
       end
from s`,
};

/** A new partition is empty: there is nothing in it to protect yet, and so nothing to lose by calling this. */
export const REGISTER_PARTITION: DatabaseFunction = {
  name: 'register_partition',
  args: 'partition regclass',
  returns: 'boolean',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: true,
  comment:
    'registers an empty partition of a protected table, with a permit for this transaction; false: it is none, or is registered',
  body: /* sql */ `
declare
  parent dbctl.protected_relation;
  problem text;
begin
  select p.* into parent
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  join dbctl.protected_relation p on p.relation = i.inhparent
  where i.inhrelid = partition and c.relispartition and c.relkind in ('r', 'p') and not i.inhdetachpending;
  if not found or exists (select from dbctl.protected_relation p where p.relation = partition) then
    return false;
  end if;
  problem := dbctl.partition_problem(partition, parent.relation);
  if problem is not null then
    raise exception using
      errcode = 'IM003',
      message = pg_catalog.format('%s cannot be a partition of %s: %s', partition, parent.relation, problem),
      hint = 'Create the partition empty, with create table … partition of.';
  end if;
  insert into dbctl.protected_relation
    (relation, schema_name, table_name, root, owner_name, generated_columns, accepted_shapes, runbook)
  select c.oid, n.nspname, c.relname, parent.root, parent.owner_name, parent.generated_columns, parent.accepted_shapes, parent.runbook
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.oid = partition;
  insert into dbctl.permit (relation, purpose, reason)
  values (partition, 'new partition', pg_catalog.format('partition of %s', parent.relation));
  return true;
end`,
};

/** Ends the permit at once, so that the rest of the transaction has none. */
export const FINISH_PARTITION: DatabaseFunction = {
  name: 'finish_partition',
  args: 'partition regclass',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: true,
  comment: 'accepts a new partition as guarded, or fails; ends the permit it was guarded under',
  body: /* sql */ `
declare
  problem text;
begin
  select g.problem into problem from dbctl.guard_problems(partition) g (problem) limit 1;
  if problem is not null then
    raise exception using
      errcode = 'IM003',
      message = pg_catalog.format('the new partition %s is not guarded: %s', partition, problem);
  end if;
  perform dbctl.accept_shape(partition);
  update dbctl.permit p
  set ended = true
  where p.xid = pg_catalog.pg_current_xact_id() and p.relation = partition and p.purpose = 'new partition';
end`,
};

export const GUARD_NEW_PARTITION: DatabaseFunction = {
  name: 'guard_new_partition',
  args: '',
  returns: 'event_trigger',
  language: 'plpgsql',
  security: 'invoker',
  volatility: 'volatile',
  public: false,
  comment:
    'guards a partition of a protected table in the command that creates or attaches it; one that may not be is left to refuse_ddl',
  body: /* sql */ `
declare
  created record;
begin
  for created in
    -- A command that creates names the partition, one that attaches names the parent.
    select distinct i.inhrelid, i.inhparent
    from pg_catalog.pg_event_trigger_ddl_commands() c
    join pg_catalog.pg_inherits i on c.objid = case c.command_tag when 'CREATE TABLE' then i.inhrelid else i.inhparent end
    where c.command_tag in ('CREATE TABLE', 'ALTER TABLE')
      and c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  loop
    -- Not a condition of the query: there it would be asked of every partition of the database, at 0.6 ms each.
    continue when dbctl.partition_problem(created.inhrelid, created.inhparent) is not null;
    if dbctl.register_partition(created.inhrelid) then
      perform dbctl.guard_relation(created.inhrelid);
      perform dbctl.finish_partition(created.inhrelid);
    end if;
  end loop;
end`,
};

/** Runs with the rights of the tables' owner, who has no login and no members: whoever may call it may add partitions, and no more. */
export const CREATE_PARTITION: DatabaseFunction = {
  name: 'create_partition',
  args: 'parent regclass, partition_name text, from_value text, to_value text',
  returns: 'regclass',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  owner: 'tables',
  public: false,
  comment: 'creates a range partition of a protected table, guarded; the name is in the schema of the parent',
  body: /* sql */ `
declare
  schema_name name := (
    select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = parent);
  created regclass;
begin
  perform w.row_guard from dbctl.guard_wanted(parent) w;
  if not found then
    raise exception using
      errcode = '22023',
      message = pg_catalog.format('%s is not a protected table', parent),
      hint = 'Partitions of other tables are created with create table … partition of.';
  end if;
  execute pg_catalog.format('create table %I.%I partition of %s for values from (%L) to (%L)',
    schema_name, partition_name, parent, from_value, to_value);
  created := pg_catalog.format('%I.%I', schema_name, partition_name)::regclass;
  -- Where the server has no event triggers for us, nobody has guarded it yet.
  if dbctl.register_partition(created) then
    perform dbctl.guard_relation(created);
    perform dbctl.finish_partition(created);
  end if;
  return created;
end`,
};
