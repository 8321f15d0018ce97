/**
 * Which relations are protected, how they looked when they were, and what was refused. Columns of type regclass hold the oid, and a
 * logical dump writes them as names: after a restore they point at the new tables by themselves.
 */
export const REGISTRY = /* sql */ `
create table dbctl.protected_relation (
  relation regclass primary key,
  schema_name text not null,
  table_name text not null,
  root regclass not null,
  owner_name text,
  generated_columns text[] not null default '{}',
  accepted_shapes text[] not null default '{}',
  runbook text not null default 'runbooks/immutability-violation.md',
  previous_owner text,
  previous_grants text[] not null default '{}',
  shape jsonb,
  registered_at timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table dbctl.protected_relation is
  'append-only tables and each of their partitions, by oid and by name; written by dbctl immutability install and for new partitions';
comment on column dbctl.protected_relation.root is 'the table of dbctl.yaml: itself, or the one this is a partition of';
comment on column dbctl.protected_relation.owner_name is 'role that must own it; null where the server did not allow a separate owner';
comment on column dbctl.protected_relation.generated_columns is 'columns the database fills; nobody may be granted insert on them';
comment on column dbctl.protected_relation.shape is
  'dbctl.relation_shape() when it was last accepted; null only while a new partition is being guarded';
create index protected_relation_root_idx on dbctl.protected_relation (root);
create index protected_relation_name_idx on dbctl.protected_relation (schema_name, table_name);

create table dbctl.violation_counter (
  relation regclass not null,
  sqlstate text not null check (sqlstate ~ '^IM00[1-6]$'),
  attempts regclass not null,
  last_attempt regclass not null,
  primary key (relation, sqlstate)
);
comment on table dbctl.violation_counter is
  'two sequences for each protected table and SQLSTATE: sequences keep their value when the refused transaction is rolled back';
comment on column dbctl.violation_counter.last_attempt is 'microseconds since 1970';

create view dbctl.violations with (security_invoker = true) as
select c.relation,
       n.nspname::text as schema_name,
       r.relname::text as table_name,
       c.sqlstate,
       coalesce(pg_catalog.pg_sequence_last_value(c.attempts), 0) as attempts,
       'epoch'::timestamptz + pg_catalog.pg_sequence_last_value(c.last_attempt) * interval '1 microsecond' as last_at
from dbctl.violation_counter c
join pg_catalog.pg_class r on r.oid = c.relation
join pg_catalog.pg_namespace n on n.oid = r.relnamespace;
comment on view dbctl.violations is 'refused attempts by table and SQLSTATE; after a crash of the server up to 32 too many, never too few';

create table dbctl.unlock_request (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  relation regclass not null,
  reason text not null check (pg_catalog.length(reason) between 10 and 2000),
  requested_by text not null,
  requested_at timestamptz not null default pg_catalog.clock_timestamp(),
  approved_by text,
  approved_at timestamptz,
  used_at timestamptz,
  constraint unlock_request_two_people check (approved_by <> requested_by)
);
comment on table dbctl.unlock_request is 'emergency unlocks: asked for by one person, approved by another, used once, kept for ever';

create table dbctl.permit (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_catalog.pg_current_xact_id(),
  relation regclass,
  purpose text not null
    check (purpose in ('install', 'new partition', 'unlock', 'release', 'epoch', 'archive', 'upgrade', 'self-test')),
  reason text,
  given_by text not null default session_user,
  unlock_request uuid references dbctl.unlock_request (id),
  given_at timestamptz not null default pg_catalog.clock_timestamp(),
  ended boolean not null default false
);
comment on table dbctl.permit is
  'a row lets its own transaction, and no other, change the definition of a relation; written by governed functions and superusers';
comment on column dbctl.permit.relation is 'null: objects of schema dbctl itself';
comment on column dbctl.permit.ended is 'true once committed: after a logical restore transaction ids start again';
create index permit_open_idx on dbctl.permit (xid) where not ended;
`;
