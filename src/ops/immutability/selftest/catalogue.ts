import { DENIED, always, guarded, locked, refused, type AttackPath, type Expectation } from './path.ts';
import type { Held } from './actor.ts';
import type { TestedRelation } from './relation.ts';

type Sql = (relation: TestedRelation) => readonly string[];

const dml = (id: string, right: keyof Held, code: string, sql: Sql, applies: AttackPath['applies'] = always): AttackPath => ({
  id,
  group: 'dml',
  applies,
  sql,
  expects: guarded(right, code),
});
const ddl = (id: string, code: string, sql: Sql, applies: AttackPath['applies'] = always): AttackPath => ({
  id,
  group: 'definition',
  applies,
  sql,
  expects: locked(code),
});

const hasKey = ({ keyColumns }: TestedRelation): boolean => keyColumns.length > 0;
const holdsRows = ({ kind }: TestedRelation): boolean => kind === 'r';
/** Columns of a partition are its parent's. */
const ownColumns = ({ isPartition }: TestedRelation): boolean => !isPartition;

const DML: readonly AttackPath[] = [
  dml('update', 'update', 'IM001', ({ name, column }) => [`update ${name} set ${column} = ${column}`]),
  dml('update_nothing', 'update', 'IM001', ({ name, column }) => [`update ${name} set ${column} = ${column} where false`]),
  dml('delete', 'delete', 'IM001', ({ name }) => [`delete from ${name}`]),
  dml('delete_only', 'delete', 'IM001', ({ name }) => [`delete from only ${name}`]),
  dml('cte_delete', 'delete', 'IM001', ({ name }) => [
    `with gone as (delete from ${name} returning 1) select count(*) from gone`,
  ]),
  // Referenced by a foreign key it would fail with 0A000 before any guard is asked.
  dml('truncate', 'truncate', 'IM002', ({ name, isReferenced }) => [`truncate ${name}${isReferenced ? ' cascade' : ''}`]),
  dml('merge_update', 'update', 'IM001', ({ name, column }) => [
    `merge into ${name} t using (select 1) s on true when matched then update set ${column} = t.${column}`,
  ]),
  dml('merge_delete', 'delete', 'IM001', ({ name }) => [
    `merge into ${name} t using (select 1) s on true when matched then delete`,
  ]),
  dml('merge_not_matched_by_source', 'delete', 'IM001', ({ name }) => [
    `merge into ${name} t using (select 1) s on false when not matched by source then delete`,
  ]),
  dml(
    'on_conflict_update',
    'update',
    'IM001',
    ({ name, column, columns, keyColumns }) => [
      `insert into ${name} (${columns.join(', ')}) overriding system value select ${columns.join(', ')} from ${name} limit 1
       on conflict (${keyColumns.join(', ')}) do update set ${column} = excluded.${column}`,
    ],
    hasKey,
  ),
  dml(
    'cursor_current_of',
    'update',
    'IM001',
    ({ name, column }) => [
      `do $try$ declare c cursor for select 1 from ${name}; r record; begin open c; fetch c into r; update ${name} set ${column} = ${column} where current of c; end $try$`,
    ],
    holdsRows,
  ),
  dml('dynamic_in_block', 'delete', 'IM001', ({ name }) => [
    `do $try$ begin execute 'delete from ${name.replaceAll("'", "''")}'; end $try$`,
  ]),
];

const SWITCHING_OFF: readonly AttackPath[] = [
  ddl('disable_trigger', 'IM003', ({ name }) => [`alter table ${name} disable trigger dbctl_guard_statement`]),
  ddl('disable_user', 'IM003', ({ name }) => [`alter table ${name} disable trigger user`]),
  ddl('enable_replica', 'IM003', ({ name }) => [`alter table ${name} enable replica trigger dbctl_guard_truncate`]),
  ddl('enable_origin', 'IM003', ({ name }) => [`alter table ${name} enable trigger dbctl_guard_truncate`]),
  ddl('rename_trigger', 'IM003', ({ name }) => [`alter trigger dbctl_guard_truncate on ${name} rename to other`]),
  ddl('drop_trigger', 'IM004', ({ name }) => [`drop trigger dbctl_guard_statement on ${name}`]),
  {
    id: 'replace_trigger',
    group: 'guards',
    applies: always,
    sql: ({ name }) => [
      `create or replace trigger dbctl_guard_statement before update or delete on ${name} for each statement execute function pg_catalog.suppress_redundant_updates_trigger()`,
    ],
    expects: locked('IM003'),
  },
  {
    id: 'replica_update',
    group: 'guards',
    applies: always,
    sql: ({ name, column }) => ['set local session_replication_role = replica', `update ${name} set ${column} = ${column}`],
    expects: ({ rank }) => (rank === 'superuser' ? refused('IM001') : DENIED),
  },
  {
    id: 'replica_truncate',
    group: 'guards',
    applies: always,
    sql: ({ name, isReferenced }) => [
      'set local session_replication_role = replica',
      `truncate ${name}${isReferenced ? ' cascade' : ''}`,
    ],
    expects: ({ rank }) => (rank === 'superuser' ? refused('IM002') : DENIED),
  },
  {
    id: 'catalog_update_pg_trigger',
    group: 'guards',
    applies: always,
    sql: ({ name }) => [
      `update pg_catalog.pg_trigger set tgenabled = 'D' where tgrelid = '${name.replaceAll("'", "''")}'::pg_catalog.regclass`,
    ],
    expects: ({ rank }) => (rank === 'superuser' ? openTo('a superuser may write catalogs') : DENIED),
  },
  {
    id: 'event_triggers_off',
    group: 'guards',
    applies: ownColumns,
    sql: ({ name }) => ['set local event_triggers = off', `alter table ${name} disable trigger user`],
    expects: ({ rank }) => (rank === 'superuser' ? openTo('a superuser may switch event triggers off') : DENIED),
  },
  ...['refuse_row_change', 'refuse_truncate'].map((guard): AttackPath => ({
    id: `replace_${guard}`,
    group: 'guards',
    applies: ownColumns,
    sql: () => [`create or replace function dbctl.${guard}() returns trigger language plpgsql as 'begin return new; end'`],
    expects: ({ rank }) => (rank === 'superuser' ? refused('IM003') : DENIED),
  })),
  {
    id: 'drop_guard_function_cascade',
    group: 'guards',
    applies: ownColumns,
    sql: () => ['drop function dbctl.refuse_row_change() cascade'],
    expects: ({ rank }) => (rank === 'superuser' ? refused('IM004') : DENIED),
  },
];

const openTo = (because: string): Expectation => ({ kind: 'known-open', because });

const DEFINITION: readonly AttackPath[] = [
  ddl('rename_column', 'IM003', ({ name, column }) => [`alter table ${name} rename column ${column} to other_name`], ownColumns),
  {
    id: 'rename_table',
    group: 'definition',
    applies: always,
    sql: ({ name }) => [`alter table ${name} rename to other_name`],
    // A new name is a new object in the schema, and not every owner may create there.
    expects: (actor, _, { ownerMayCreate }) => (actor.rank === 'owner' && !ownerMayCreate ? DENIED : locked('IM003')(actor)),
  },
  ddl(
    'alter_type_using',
    'IM005',
    ({ name, column, columnType }) => [`alter table ${name} alter column ${column} type ${columnType} using null::${columnType}`],
    ({ isPartition, kind }) => !isPartition && kind === 'r',
  ),
  ddl('add_column_constant', 'IM003', ({ name }) => [`alter table ${name} add column other_name int default 1`], ownColumns),
  ddl(
    'add_column_volatile',
    'IM005',
    ({ name }) => [`alter table ${name} add column other_name float8 default pg_catalog.random()`],
    ({ isPartition, kind }) => !isPartition && kind === 'r',
  ),
  ddl('drop_column', 'IM004', ({ name, column }) => [`alter table ${name} drop column ${column}`], ownColumns),
  ddl('add_check', 'IM003', ({ name }) => [`alter table ${name} add constraint other_name check (false) not valid`]),
  // A bare null would not be stored, and so change nothing.
  ddl('set_default', 'IM003', ({ name, column, columnType }) => [
    `alter table ${name} alter column ${column} set default coalesce(null::${columnType}, null)`,
  ]),
  ddl(
    'drop_constraint_pk',
    'IM004',
    ({ name, keyConstraint }) => [`alter table ${name} drop constraint ${keyConstraint} cascade`],
    ({ keyConstraint, isPartition }) => keyConstraint !== null && !isPartition,
  ),
  // With foreign keys PostgreSQL refuses by itself, with 42P16.
  ddl(
    'set_unlogged',
    'IM005',
    ({ name }) => [`alter table ${name} set unlogged`],
    ({ kind, hasForeignKeys }) => kind === 'r' && !hasForeignKeys,
  ),
  ddl(
    'inherit',
    'IM003',
    ({ name }) => [`create table pg_temp.other_name () inherits (${name})`],
    ({ kind, isPartition }) => kind === 'r' && !isPartition,
  ),
  ddl('row_security', 'IM003', ({ name }) => [`alter table ${name} enable row level security`]),
  ddl('policy', 'IM003', ({ name }) => [`create policy other_name on ${name} using (false)`]),
  ddl('replica_identity', 'IM003', ({ name }) => [`alter table ${name} replica identity full`]),
];

const INSERTS: readonly AttackPath[] = [
  ddl('rule_insert_nothing', 'IM003', ({ name }) => [`create rule other_name as on insert to ${name} do instead nothing`]),
  ddl('rule_insert_also', 'IM003', ({ name }) => [`create rule other_name as on insert to ${name} do also delete from ${name}`]),
  ddl('rule_update', 'IM003', ({ name }) => [`create rule other_name as on update to ${name} do instead nothing`]),
  {
    id: 'new_insert_trigger',
    group: 'inserts',
    applies: always,
    sql: ({ name }) => [
      `create trigger other_name before insert on ${name} for each statement execute function pg_catalog.suppress_redundant_updates_trigger()`,
    ],
    expects: locked('IM003'),
  },
  {
    id: 'rule_select_on_table',
    group: 'inserts',
    applies: always,
    sql: ({ name }) => [`create rule "_RETURN" as on select to ${name} do instead select * from ${name}`],
    expects: ({ rank }) => (rank === 'app' ? DENIED : refused('42809')),
  },
  {
    id: 'insert_forged',
    group: 'inserts',
    applies: ({ generated, isPartition }) => generated.length > 0 && !isPartition,
    sql: ({ name, generated }) => [
      `insert into ${name} (${generated.join(', ')}) overriding system value select ${generated.join(', ')} from ${name} where false`,
    ],
    expects: ({ rank }) => (rank === 'app' ? DENIED : { kind: 'works' }),
  },
];

const PRIVILEGES: readonly AttackPath[] = [
  {
    id: 'grant_update',
    group: 'privileges',
    applies: always,
    // Without the right to grant, PostgreSQL may only warn: then it counts what became of the grants.
    sql: ({ name }) => [
      `grant update, delete, truncate, trigger on ${name} to public`,
      `do $try$ begin if not exists (select from pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) g
         where c.oid = '${name.replaceAll("'", "''")}'::pg_catalog.regclass and g.grantee = 0 and g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'))
       then raise exception using errcode = '42501', message = 'nothing was granted'; end if; end $try$`,
    ],
    expects: ({ rank }) => (rank === 'app' ? DENIED : refused('IM003')),
  },
  {
    id: 'alter_owner',
    group: 'privileges',
    applies: always,
    // Who owns the table but may not become the new owner is denied by PostgreSQL.
    sql: ({ name }) => [`alter table ${name} owner to pg_monitor`],
    expects: ({ rank }) => (rank === 'superuser' ? refused('IM003') : DENIED),
  },
  {
    id: 'permit_by_hand',
    group: 'privileges',
    applies: ownColumns,
    sql: ({ name }) => [
      `insert into dbctl.permit (relation, purpose) values ('${name.replaceAll("'", "''")}', 'install')`,
      `alter table ${name} disable trigger user`,
      'set constraints all immediate',
    ],
    expects: ({ rank }) => (rank === 'superuser' ? refused('IM003') : DENIED),
  },
  {
    id: 'registry_by_hand',
    group: 'privileges',
    applies: ownColumns,
    sql: () => ['delete from dbctl.protected_relation'],
    expects: ({ rank }) => (rank === 'superuser' ? openTo('a superuser may write the registry') : DENIED),
  },
  {
    id: 'toast_delete',
    group: 'privileges',
    applies: ({ hasToast }) => hasToast,
    sql: ({ name }) => [
      `do $try$ begin execute pg_catalog.format('delete from %s', (select c.reltoastrelid::pg_catalog.regclass from pg_catalog.pg_class c where c.oid = '${name.replaceAll("'", "''")}'::pg_catalog.regclass)); end $try$`,
    ],
    expects: ({ rank }) => (rank === 'superuser' ? refused('42809') : DENIED),
  },
];

/** Every path the self-test tries in a transaction on the real database. What needs a throw-away server is in clone.ts. */
export const CATALOGUE: readonly AttackPath[] = [...DML, ...SWITCHING_OFF, ...DEFINITION, ...INSERTS, ...PRIVILEGES];
