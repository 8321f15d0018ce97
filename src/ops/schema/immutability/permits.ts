import type { DatabaseFunction } from './function.ts';

export const PERMITTED: DatabaseFunction = {
  name: 'permitted',
  args: 'relation oid',
  returns: 'boolean',
  language: 'sql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'may this transaction change the definition of the relation (null: of schema dbctl)?',
  body: /* sql */ `
select exists (
  select from dbctl.permit p
  where p.xid = pg_catalog.pg_current_xact_id_if_assigned()
    and not p.ended
    and p.purpose <> 'self-test'
    and p.relation::pg_catalog.oid is not distinct from permitted.relation)`,
};

/**
 * The deferred trigger of dbctl.permit: whatever a permit allowed, the transaction commits only with the relation guarded again, and
 * how it looks then is how it has to look from then on. SET CONSTRAINTS … IMMEDIATE runs it early, which ends the permit early.
 */
export const END_PERMIT: DatabaseFunction = {
  name: 'end_permit',
  args: '',
  returns: 'trigger',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'ends a permit at commit, or before: the relation must be guarded, and its shape is accepted',
  body: /* sql */ `
declare
  problem text;
begin
  if new.purpose not in ('self-test', 'release') and new.relation is not null then
    select g.problem into problem from dbctl.guard_problems(new.relation) g (problem) limit 1;
    if problem is not null then
      raise exception using
        errcode = 'IM003',
        message = pg_catalog.format('the transaction may not commit: %s is left unguarded', new.relation),
        detail = problem,
        hint = 'Put the guard back in the same transaction: select dbctl.guard_relation(regclass), or roll back.';
    end if;
    perform dbctl.accept_shape(new.relation);
  end if;
  update dbctl.permit p set ended = true where p.id = new.id;
  return null;
end`,
};

export const ACCEPT_SHAPE: DatabaseFunction = {
  name: 'accept_shape',
  args: 'relation oid',
  returns: 'void',
  language: 'sql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'records how a registered relation looks now as how it has to look',
  body: /* sql */ `
update dbctl.protected_relation p
set schema_name = n.nspname,
    table_name = c.relname,
    shape = dbctl.relation_shape(c.oid)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where p.relation = accept_shape.relation and c.oid = p.relation`,
};

/** Two people: the one who asks cannot be the one who agrees, and session_user cannot be changed by set role. */
export const REQUEST_UNLOCK: DatabaseFunction = {
  name: 'request_unlock',
  args: 'relation regclass, reason text',
  returns: 'uuid',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'asks for an unlock of a protected table and its partitions; somebody else has to approve it',
  body: /* sql */ `
declare
  request uuid;
begin
  if not exists (select from dbctl.protected_relation p where p.relation = request_unlock.relation and p.root = p.relation) then
    raise exception using
      errcode = '22023',
      message = pg_catalog.format('%s is not a protected table', relation),
      hint = 'Name the table of dbctl.yaml: its partitions are unlocked with it.';
  end if;
  insert into dbctl.unlock_request (relation, reason, requested_by)
  values (request_unlock.relation, request_unlock.reason, session_user)
  returning id into request;
  return request;
end`,
};

export const APPROVE_UNLOCK: DatabaseFunction = {
  name: 'approve_unlock',
  args: 'request uuid',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'agrees to the unlock another user asked for; good for one hour and one transaction',
  body: /* sql */ `
declare
  asked dbctl.unlock_request;
begin
  select u.* into asked from dbctl.unlock_request u where u.id = request for update;
  if asked.id is null then
    raise exception using errcode = '22023', message = pg_catalog.format('there is no unlock request %s', request);
  elsif asked.requested_by = session_user then
    raise exception using
      errcode = '42501',
      message = pg_catalog.format('%s asked for this unlock and cannot approve it', session_user),
      hint = 'A second person connects with a login of their own and approves.';
  elsif asked.approved_at is not null then
    raise exception using errcode = '22023', message = pg_catalog.format('%s has approved it already', asked.approved_by);
  elsif asked.requested_at < pg_catalog.clock_timestamp() - interval '24 hours' then
    raise exception using errcode = '22023', message = 'the request is older than 24 hours', hint = 'Ask again.';
  end if;
  update dbctl.unlock_request u
  set approved_by = session_user, approved_at = pg_catalog.clock_timestamp()
  where u.id = request;
end`,
};

export const USE_UNLOCK: DatabaseFunction = {
  name: 'use_unlock',
  args: 'request uuid',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'lets this transaction change the definition of the table and its partitions; at commit they must be guarded again',
  body: /* sql */ `
declare
  asked dbctl.unlock_request;
begin
  select u.* into asked from dbctl.unlock_request u where u.id = request for update;
  if asked.id is null then
    raise exception using errcode = '22023', message = pg_catalog.format('there is no unlock request %s', request);
  elsif asked.requested_by <> session_user then
    raise exception using errcode = '42501', message = pg_catalog.format('the unlock belongs to %s', asked.requested_by);
  elsif asked.approved_at is null then
    raise exception using
      errcode = '42501',
      message = 'the unlock is not approved',
      hint = pg_catalog.format('A second person runs: select dbctl.approve_unlock(%L)', request);
  elsif asked.used_at is not null then
    raise exception using errcode = '42501', message = 'the unlock is used up', hint = 'Ask again: one unlock is one transaction.';
  elsif asked.approved_at < pg_catalog.clock_timestamp() - interval '1 hour' then
    raise exception using errcode = '42501', message = 'the approval is older than one hour', hint = 'Ask again.';
  end if;
  update dbctl.unlock_request u set used_at = pg_catalog.clock_timestamp() where u.id = request;
  insert into dbctl.permit (relation, purpose, reason, unlock_request)
  select p.relation, 'unlock', asked.reason, asked.id
  from dbctl.protected_relation p
  where p.root = asked.relation
  order by p.relation;
end`,
};

/** For migrations, which run on every database of a project: a request's number cannot stand in a file. */
export const UNLOCK_FOR_MIGRATION: DatabaseFunction = {
  name: 'unlock_for_migration',
  args: 'relation regclass',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment:
    'uses the approved unlock of the caller for this table, see dbctl.use_unlock(); does nothing where the table is not guarded yet',
  body: /* sql */ `
declare
  request uuid;
begin
  if not exists (select from dbctl.protected_relation p where p.relation = unlock_for_migration.relation) then
    return;
  end if;
  select u.id into request
  from dbctl.unlock_request u
  where u.relation = unlock_for_migration.relation
    and u.requested_by = session_user
    and u.used_at is null
    and u.approved_at > pg_catalog.clock_timestamp() - interval '1 hour'
  order by u.approved_at
  limit 1;
  if request is null then
    raise exception using
      errcode = '42501',
      message = pg_catalog.format('no unlock of %s is approved for %s', relation, session_user),
      hint = pg_catalog.format(
        'First: select dbctl.request_unlock(%L, %L) as %s; a second person approves it; then run the migration within the hour.',
        relation, 'why', session_user);
  end if;
  perform dbctl.use_unlock(request);
end`,
};

/** Membership in pg_write_all_data writes every table there is, those that say what is guarded among them. */
export const REFUSE_STRANGER: DatabaseFunction = {
  name: 'refuse_stranger',
  args: '',
  returns: 'trigger',
  language: 'plpgsql',
  security: 'invoker',
  volatility: 'volatile',
  public: true,
  comment:
    'guard of the tables of schema dbctl: they are written with the rights of their owner, or by the roles named in the trigger',
  body: /* sql */ `
declare
  allowed text;
begin
  if pg_catalog.pg_has_role(current_user, (select c.relowner from pg_catalog.pg_class c where c.oid = tg_relid), 'usage') then
    return null;
  end if;
  foreach allowed in array coalesce(tg_argv, '{}') loop
    if exists (
      select from pg_catalog.pg_roles r where r.rolname = allowed and pg_catalog.pg_has_role(current_user, r.oid, 'usage'))
    then
      return null;
    end if;
  end loop;
  raise exception using
    errcode = '42501',
    message = pg_catalog.format('%s of %I.%I by %I is refused: only dbctl writes it', tg_op, tg_table_schema, tg_table_name, current_user);
end`,
};

/** Puts {@link REFUSE_STRANGER} on a table; `roles` may write it besides its owner. */
export const strangerGuard = (table: string, roles: readonly string[] = []): string => `
create or replace trigger dbctl_writer before insert or update or delete on ${table}
  for each statement execute function dbctl.refuse_stranger(${roles.map((role) => `'${role}'`).join(', ')});
alter table ${table} enable always trigger dbctl_writer;`;
