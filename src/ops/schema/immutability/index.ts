import { ARCHIVE_FUNCTIONS } from '../archive/functions.ts';
import { RETURN_FUNCTIONS } from '../archive/return-functions.ts';
import { BLOB_FUNCTIONS } from '../blobs/functions.ts';
import { createRoleUnlessThere } from '../role.ts';
import { createFunction, type DatabaseFunction } from './function.ts';
import {
  REFUSE_CONCURRENT_DDL,
  REFUSE_DDL,
  REFUSE_DROP,
  REFUSE_REWRITE,
  RELATIONS_OF_TYPE,
  TOUCHED_RELATIONS,
  WHY_REFUSED,
} from './ddl-guards.ts';
import {
  CREATE_PARTITION,
  FINISH_PARTITION,
  PARTITION_PROBLEM,
  GRANT_REPAIRS,
  GUARD_NEW_PARTITION,
  GUARD_RELATION,
  GUARD_WANTED,
  REGISTER_PARTITION,
} from './partitions.ts';
import {
  ACCEPT_SHAPE,
  APPROVE_UNLOCK,
  END_PERMIT,
  PERMITTED,
  REFUSE_STRANGER,
  REQUEST_UNLOCK,
  UNLOCK_FOR_MIGRATION,
  USE_UNLOCK,
  strangerGuard,
} from './permits.ts';
import { REGISTRY } from './registry.ts';
import { NOTE_VIOLATION, REFUSE_ROW_CHANGE, REFUSE_TRUNCATE } from './row-guards.ts';
import { FORBIDDEN_GRANTS, GUARD_PROBLEMS, RELATION_SHAPE } from './shape.ts';

/** Those of version 2, those that others call first: PostgreSQL checks the bodies of SQL functions when it creates them. */
const FIRST_FUNCTIONS: readonly DatabaseFunction[] = [
  NOTE_VIOLATION,
  REFUSE_ROW_CHANGE,
  REFUSE_TRUNCATE,
  RELATION_SHAPE,
  FORBIDDEN_GRANTS,
  GUARD_PROBLEMS,
  PERMITTED,
  ACCEPT_SHAPE,
  END_PERMIT,
  REFUSE_STRANGER,
  REQUEST_UNLOCK,
  APPROVE_UNLOCK,
  USE_UNLOCK,
  UNLOCK_FOR_MIGRATION,
  GRANT_REPAIRS,
  GUARD_WANTED,
  GUARD_RELATION,
  PARTITION_PROBLEM,
  REGISTER_PARTITION,
  FINISH_PARTITION,
  GUARD_NEW_PARTITION,
  CREATE_PARTITION,
  TOUCHED_RELATIONS,
  RELATIONS_OF_TYPE,
  WHY_REFUSED,
  REFUSE_DDL,
  REFUSE_DROP,
  REFUSE_REWRITE,
  REFUSE_CONCURRENT_DDL,
];

/** Every function that guards rely on, or that acts with more rights than its callers. */
export const GUARD_FUNCTIONS: readonly DatabaseFunction[] = [
  ...FIRST_FUNCTIONS,
  ...ARCHIVE_FUNCTIONS,
  ...RETURN_FUNCTIONS,
  ...BLOB_FUNCTIONS,
];

/** Event triggers by the function each runs; those of one event fire in the order of their names. */
export const EVENT_TRIGGERS = [
  {
    name: 'dbctl_1_refuse_concurrent_ddl',
    event: 'ddl_command_start',
    tags: ['ALTER TABLE', 'DROP INDEX'],
    runs: 'refuse_concurrent_ddl',
  },
  {
    name: 'dbctl_2_guard_new_partition',
    event: 'ddl_command_end',
    tags: ['CREATE TABLE', 'ALTER TABLE'],
    runs: 'guard_new_partition',
  },
  { name: 'dbctl_3_refuse_ddl', event: 'ddl_command_end', tags: [], runs: 'refuse_ddl' },
  { name: 'dbctl_4_refuse_drop', event: 'sql_drop', tags: [], runs: 'refuse_drop' },
  { name: 'dbctl_5_refuse_rewrite', event: 'table_rewrite', tags: [], runs: 'refuse_rewrite' },
] as const;

/** Version 2 of schema dbctl: registry, guards, counters, permits. Nothing is guarded by it: that is what install does. */
export function immutabilityVersion(): string {
  return [REGISTRY, ...FIRST_FUNCTIONS.map(createFunction), REGISTRY_TRIGGERS, OWNERSHIP].join('\n\n');
}

/** Tables of schema dbctl that nobody writes by hand: each has the trigger dbctl_writer. */
export const WRITTEN_BY_DBCTL = ['protected_relation', 'violation_counter', 'permit', 'unlock_request'] as const;

/** Ends permits at commit, and lets nobody else write; replaced when they are there. */
export const REGISTRY_TRIGGERS = /* sql */ `
drop trigger if exists permit_ends on dbctl.permit;
create constraint trigger permit_ends after insert on dbctl.permit
  deferrable initially deferred
  for each row execute function dbctl.end_permit();
alter table dbctl.permit enable always trigger permit_ends;
${WRITTEN_BY_DBCTL.map((table) => strangerGuard(`dbctl.${table}`)).join('\n')}`;

/**
 * The owner of a schema may drop what is in it, whoever owns that. So the schema goes to dbctl_guard, which nobody may become, and
 * dbctl_owner keeps the right to create in it.
 */
const OWNERSHIP = /* sql */ `
grant usage on schema dbctl to public;
do $ownership$
declare
  object record;
begin
  if not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) then
    return;
  end if;
  ${createRoleUnlessThere('dbctl_guard')}
  alter schema dbctl owner to dbctl_guard;
  grant usage, create on schema dbctl to dbctl_owner;
  grant usage on schema dbctl to dbctl_auditor;
  for object in
    select pg_catalog.format('function %s', p.oid::pg_catalog.regprocedure) as name
    from pg_catalog.pg_proc p
    where p.pronamespace = 'dbctl'::pg_catalog.regnamespace
    union all
    select pg_catalog.format('%s dbctl.%I', case c.relkind when 'v' then 'view' else 'table' end, c.relname)
    from pg_catalog.pg_class c
    where c.relnamespace = 'dbctl'::pg_catalog.regnamespace
      and c.relname in ('protected_relation', 'violation_counter', 'violations', 'unlock_request', 'permit')
    order by 1
  loop
    execute pg_catalog.format('alter %s owner to dbctl_guard', object.name);
  end loop;
  grant select on table dbctl.protected_relation, dbctl.violation_counter, dbctl.violations, dbctl.unlock_request, dbctl.permit
    to dbctl_auditor;
  grant execute on function dbctl.guard_problems(oid), dbctl.relation_shape(oid) to dbctl_auditor;
end
$ownership$;`;
