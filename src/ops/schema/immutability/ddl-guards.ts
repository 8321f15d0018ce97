import type { DatabaseFunction } from './function.ts';

export const TOUCHED_RELATIONS: DatabaseFunction = {
  name: 'touched_relations',
  args: 'class oid, object oid',
  returns: 'setof oid',
  language: 'sql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'registered relations whose definition an object belongs to',
  body: /* sql */ `
select p.relation
from dbctl.protected_relation p
where class = 'pg_catalog.pg_class'::pg_catalog.regclass and p.relation = object
union
-- A child that is not registered shows at its parent; so does the row type a column is made of, and an index.
select p.relation
from pg_catalog.pg_inherits i
join dbctl.protected_relation p on p.relation = i.inhparent
where class = 'pg_catalog.pg_class'::pg_catalog.regclass and i.inhrelid = object
union
select p.relation
from pg_catalog.pg_index i
join dbctl.protected_relation p on p.relation = i.indrelid
where class = 'pg_catalog.pg_class'::pg_catalog.regclass and i.indexrelid = object
union
select p.relation
from pg_catalog.pg_trigger t
join dbctl.protected_relation p on p.relation = t.tgrelid
where class = 'pg_catalog.pg_trigger'::pg_catalog.regclass and t.oid = object
union
select p.relation
from pg_catalog.pg_rewrite r
join dbctl.protected_relation p on p.relation = r.ev_class
where class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = object
union
select p.relation
from pg_catalog.pg_policy r
join dbctl.protected_relation p on p.relation = r.polrelid
where class = 'pg_catalog.pg_policy'::pg_catalog.regclass and r.oid = object
union
select p.relation
from pg_catalog.pg_constraint k
join dbctl.protected_relation p on p.relation = k.conrelid
where class = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.oid = object
union
select p.relation
from dbctl.protected_relation p
join pg_catalog.pg_class c on c.oid = p.relation
where class = 'pg_catalog.pg_namespace'::pg_catalog.regclass and c.relnamespace = object`,
};

/** Types are defined apart from the tables that use them: renaming a label of an enum rewrites history without touching a table. */
export const RELATIONS_OF_TYPE: DatabaseFunction = {
  name: 'relations_of_type',
  args: 'class oid, object oid',
  returns: 'setof oid',
  language: 'sql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment:
    'registered relations with a column of the type, of an array or a domain of it, or of the composite type the class stands for',
  body: /* sql */ `
with recursive used (type_oid) as (
  select t.oid
  from pg_catalog.pg_type t
  where (class = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = object)
     or (class = 'pg_catalog.pg_class'::pg_catalog.regclass and t.typrelid = object)
  union
  select t.oid
  from used u
  join pg_catalog.pg_type t
    on u.type_oid in (t.typelem, t.typbasetype)
    or exists (
      select from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.atttypid = u.type_oid and not a.attisdropped)
)
select p.relation
from dbctl.protected_relation p
join pg_catalog.pg_attribute a on a.attrelid = p.relation and a.attnum > 0 and not a.attisdropped
join used u on u.type_oid = a.atttypid`,
};

export const WHY_REFUSED: DatabaseFunction = {
  name: 'why_refused',
  args: 'relation oid',
  returns: 'text',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'how a registered relation differs from what was accepted; null when it does not',
  body: /* sql */ `
declare
  registered dbctl.protected_relation;
  now_is jsonb;
  answer text;
begin
  select p.* into registered from dbctl.protected_relation p where p.relation = why_refused.relation;
  select g.problem into answer from dbctl.guard_problems(why_refused.relation) g (problem) limit 1;
  if answer is not null then
    return answer;
  end if;
  now_is := dbctl.relation_shape(why_refused.relation);
  select pg_catalog.format('its %s would change', pg_catalog.string_agg(k.key, ', ' order by k.key)) into answer
  from pg_catalog.jsonb_object_keys(registered.shape || now_is) k (key)
  where registered.shape -> k.key is distinct from now_is -> k.key
  having pg_catalog.count(*) > 0;
  if answer is not null then
    return answer;
  end if;
  select pg_catalog.format('%s would be part of it%s', i.inhrelid::pg_catalog.regclass,
           coalesce(': ' || dbctl.partition_problem(i.inhrelid, i.inhparent), '')) into answer
  from pg_catalog.pg_inherits i
  where i.inhparent = why_refused.relation
    and not exists (select from dbctl.protected_relation p where p.relation = i.inhrelid)
  limit 1;
  if answer is not null then
    return answer;
  end if;
  -- Shapes name the parents, so a partition that left shows in its own; this finds it from the parent's side.
  select pg_catalog.format('%s would no longer be part of it', p.relation) into answer
  from dbctl.protected_relation p
  where p.shape -> 'parents' @> pg_catalog.to_jsonb(why_refused.relation::pg_catalog.regclass::text)
    and not exists (
      select from pg_catalog.pg_inherits i
      where i.inhrelid = p.relation and i.inhparent = why_refused.relation and not i.inhdetachpending)
  limit 1;
  return answer;
end`,
};

/** The words every refusal of DDL ends with. */
const WAY_OUT =
  'A change of a protected table needs an unlock that two people agreed to: runbooks/emergency-unlock.md. Who tried, and what to do: %s';

export const REFUSE_DDL: DatabaseFunction = {
  name: 'refuse_ddl',
  args: '',
  returns: 'event_trigger',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'refuses, at the end of a command, what left a protected relation other than it was accepted',
  body: /* sql */ `
declare
  command record;
  touched oid;
  reason text;
begin
  for command in
    select c.classid, c.objid, c.command_tag, c.object_type, c.schema_name, c.object_identity
    from pg_catalog.pg_event_trigger_ddl_commands() c
    where c.command_tag not in ('COMMENT', 'SECURITY LABEL')
  loop
    if command.command_tag = 'REVOKE' then
      -- It can only take away; and while a bad grant is there it must not keep others from being taken back.
      continue;
    elsif command.command_tag = 'GRANT' then
      -- A grant does not say on which table: every one is looked at, unless this transaction repairs one of them.
      continue when exists (
        select from dbctl.permit p
        where p.xid = pg_catalog.pg_current_xact_id_if_assigned() and not p.ended and p.purpose <> 'self-test');
      for touched in select p.relation from dbctl.protected_relation p order by p.relation loop
        select g.problem into reason from dbctl.forbidden_grants(touched) g (problem) limit 1;
        exit when reason is not null and not dbctl.permitted(touched);
        reason := null;
      end loop;
    else
      for touched in select t from dbctl.touched_relations(command.classid, command.objid) t order by 1 loop
        continue when dbctl.permitted(touched);
        if command.command_tag = 'ALTER SCHEMA' then
          -- Another owner of the schema changes nothing about its tables: what it could do to them is refused to it as to all.
          select 'its schema would change' into reason
          from dbctl.protected_relation p
          join pg_catalog.pg_class c on c.oid = p.relation
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where p.relation = touched and n.nspname <> p.schema_name;
        else
          reason := dbctl.why_refused(touched);
        end if;
        exit when reason is not null;
      end loop;
      if reason is null and command.command_tag in ('ALTER TYPE', 'ALTER DOMAIN') then
        select t, pg_catalog.format('the type %s of a column would change', command.object_identity)
        into touched, reason
        from dbctl.relations_of_type(command.classid, command.objid) t
        where not dbctl.permitted(t)
        limit 1;
      end if;
      if reason is null
         and command.schema_name = 'dbctl'
         and command.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
         and command.command_tag in ('CREATE FUNCTION', 'ALTER FUNCTION', 'ALTER ROUTINE', 'CREATE PROCEDURE')
         and not dbctl.permitted(null)
      then
        touched := command.objid;
        reason := 'guards rely on it';
      end if;
    end if;
    if reason is not null then
      declare
        name text := case
          when exists (select from pg_catalog.pg_class c where c.oid = touched) then touched::pg_catalog.regclass::text
          else command.object_identity
        end;
        runbook text := dbctl.note_violation(touched, 'IM003', command.command_tag);
      begin
        raise exception using
          errcode = 'IM003',
          message = pg_catalog.format('%s of %s is refused: the table is protected', command.command_tag, name),
          detail = pg_catalog.format('After the command: %s.', reason),
          hint = pg_catalog.format('${WAY_OUT}', runbook);
      end;
    end if;
  end loop;
end`,
};

export const REFUSE_DROP: DatabaseFunction = {
  name: 'refuse_drop',
  args: '',
  returns: 'event_trigger',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'refuses a drop that takes a protected relation, a part of one, or something guards rely on',
  body: /* sql */ `
declare
  dropped record;
  lost oid;
begin
  for dropped in
    select d.classid, d.objid, d.objsubid, d.object_type, d.schema_name, d.object_identity, d.address_names
    from pg_catalog.pg_event_trigger_dropped_objects() d
    where not d.is_temporary
  loop
    lost := null;
    if dropped.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and dropped.object_type <> 'index' then
      select p.relation into lost from dbctl.protected_relation p where p.relation = dropped.objid;
    elsif dropped.object_type in ('trigger', 'rule', 'policy', 'table constraint', 'default value') then
      select p.relation into lost
      from dbctl.protected_relation p
      where p.schema_name = dropped.address_names[1] and p.table_name = dropped.address_names[2];
    elsif dropped.object_type = 'index' then
      -- The table of a dropped index is not told; unique ones are part of the shape.
      select p.relation into lost
      from dbctl.protected_relation p
      join pg_catalog.pg_class c on c.oid = p.relation
      where p.schema_name = dropped.schema_name
        and not dbctl.permitted(p.relation)
        and p.shape -> 'unique indexes' is distinct from dbctl.relation_shape(p.relation) -> 'unique indexes'
      limit 1;
    end if;
    if lost is null and dropped.schema_name = 'dbctl' and not dbctl.permitted(null) then
      lost := 0;
    end if;
    if lost is not null and (lost = 0 or not dbctl.permitted(lost)) then
      declare
        runbook text := dbctl.note_violation(lost, 'IM004', 'DROP');
      begin
        raise exception using
          errcode = 'IM004',
          message = pg_catalog.format('dropping the %s %s is refused: it is protected', dropped.object_type, dropped.object_identity),
          detail = case
            when lost = 0 then 'Guards of protected tables rely on schema dbctl.'
            else pg_catalog.format('It belongs to the protected table %s.', (
              select pg_catalog.format('%I.%I', p.schema_name, p.table_name) from dbctl.protected_relation p where p.relation = lost))
          end,
          hint = pg_catalog.format('${WAY_OUT}', runbook);
      end;
    end if;
  end loop;
end`,
};

export const REFUSE_REWRITE: DatabaseFunction = {
  name: 'refuse_rewrite',
  args: '',
  returns: 'event_trigger',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'refuses a command that would write every row of a protected relation anew',
  body: /* sql */ `
declare
  rewritten oid := pg_catalog.pg_event_trigger_table_rewrite_oid();
  reason integer := pg_catalog.pg_event_trigger_table_rewrite_reason();
  runbook text;
begin
  if exists (select from dbctl.protected_relation p where p.relation = rewritten) and not dbctl.permitted(rewritten) then
    runbook := dbctl.note_violation(rewritten, 'IM005', tg_tag);
    raise exception using
      errcode = 'IM005',
      message = pg_catalog.format('%s of %s is refused: it would rewrite every row', tg_tag, rewritten::pg_catalog.regclass),
      detail = pg_catalog.format('Reason of the rewrite: %s.', case reason
        when 1 then 'logged or unlogged' when 2 then 'a default or generated value' when 4 then 'a column of another type'
        when 8 then 'another access method' else reason::text end),
      hint = pg_catalog.format('${WAY_OUT}', runbook);
  end if;
end`,
};

/**
 * Concurrent forms commit before ddl_command_end could refuse them (seen on 18.2: the rows are gone from the parent). At
 * ddl_command_start only the text of the client is known. They cannot run inside a function, a transaction block or a message of
 * several statements, so the text is the command itself; keywords cannot be spelled in any other way; what does not plainly name
 * an unprotected object is refused.
 */
export const REFUSE_CONCURRENT_DDL: DatabaseFunction = {
  name: 'refuse_concurrent_ddl',
  args: '',
  returns: 'event_trigger',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'refuses detach partition concurrently and drop index concurrently on protected tables before they begin',
  body: /* sql */ `
declare
  query text := pg_catalog.current_query();
  name constant text := '(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")[.](?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")';
  target text;
  runbook text;
  hit oid;
begin
  if query !~* 'concurrently' or (tg_tag = 'ALTER TABLE' and query !~* 'detach') then
    return;
  end if;
  -- A text that begins with another word is a function call, a block or a message of several statements.
  if query ~* '^\\s*[a-z]' and query !~* '^\\s*(alter|drop)\\M' then
    return;
  end if;
  if tg_tag = 'ALTER TABLE' then
    target := (pg_catalog.regexp_match(query,
      '^\\s*alter\\s+table\\s+(?:if\\s+exists\\s+)?(?:only\\s+)?(' || name || ')\\s+detach\\s+partition\\s+(?:' || name || ')\\s+concurrently\\s*;?\\s*$', 'i'))[1];
  else
    target := (pg_catalog.regexp_match(query,
      '^\\s*drop\\s+index\\s+concurrently\\s+(?:if\\s+exists\\s+)?(' || name || ')(?:\\s+(?:restrict|cascade))?\\s*;?\\s*$', 'i'))[1];
  end if;
  if target is not null then
    -- Not to_regclass(): it asks for the right to use the schema, which the owner of this function need not have.
    select p.relation into hit
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_index i on i.indexrelid = c.oid and i.indisunique
    join dbctl.protected_relation p on p.relation in (c.oid, i.indrelid)
    where array[n.nspname, c.relname]::text[] = pg_catalog.parse_ident(target);
    if hit is null then
      return;
    end if;
  end if;
  runbook := dbctl.note_violation(coalesce(hit, (select p.relation from dbctl.protected_relation p where p.relation = p.root order by p.relation limit 1)), 'IM006', tg_tag || ' CONCURRENTLY');
  raise exception using
    errcode = 'IM006',
    message = pg_catalog.format('%s … concurrently is refused: %s', lower(tg_tag),
      case when hit is null then 'the text does not show that no protected table is meant'
           else pg_catalog.format('%s is protected', hit::pg_catalog.regclass) end),
    detail = 'It would take effect before anything could refuse it.',
    hint = case
      when hit is null then 'For another table, send the statement alone, without comments, and with schema-qualified names.'
      else pg_catalog.format('${WAY_OUT}', runbook)
    end;
end`,
};
