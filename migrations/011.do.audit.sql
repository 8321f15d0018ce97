-- One table for every critical action of every area, in one format (dbctl.audit/1), written in the transaction of
-- the change itself; a denied or failed attempt is written by a connection of its own, or the rollback erases it.
--
-- audit_log is protected (append-only, guarded later): built-in scalar types only, closed lists as text with a
-- check, no foreign key at all (users come and go, their deeds stay), no row-level security, no insert trigger.
-- What the caller must not choose comes from column defaults: id, created_at, database_user, application_name and
-- recorded_xid. Grant insert on the other columns only, and the defaults cannot be overridden.

create table audit.audit_log (
  id uuid default uuidv7(),
  schema_version integer not null default 1,
  occurred_at timestamptz not null default now(),
  actor_type text not null,
  actor_id text not null,
  actor_display text,
  on_behalf_of text,
  action text not null,
  entity_type text not null,
  entity_id text,
  outcome text not null default 'success',
  reason_code text,
  context jsonb not null default '{}',
  changes jsonb not null default '[]',
  metadata jsonb not null default '{}',
  database_user text not null default session_user,
  application_name text not null default current_setting('application_name'),
  created_at timestamptz not null default now(),
  recorded_xid xid8 not null default pg_current_xact_id(),
  constraint audit_log_pkey primary key (id, created_at),
  constraint audit_log_schema_version_check check (schema_version > 0),
  constraint audit_log_actor_type_check check (actor_type in ('user', 'service', 'system', 'job')),
  constraint audit_log_actor_id_check check (length(actor_id) between 1 and 200),
  constraint audit_log_action_check check (action ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}$'),
  constraint audit_log_entity_type_check check (entity_type ~ '^[a-z][a-z0-9_.]{0,99}$'),
  constraint audit_log_outcome_check check (outcome in ('success', 'failure', 'denied')),
  constraint audit_log_context_check check (jsonb_typeof(context) = 'object'),
  constraint audit_log_changes_check check (jsonb_typeof(changes) = 'array'),
  constraint audit_log_metadata_check check (jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 8192)
) partition by range (created_at);

create table audit.audit_log_default partition of audit.audit_log default;

create index audit_log_entity_idx on audit.audit_log (entity_type, entity_id, created_at desc);
create index audit_log_actor_idx on audit.audit_log (actor_type, actor_id, created_at desc);
create index audit_log_action_idx on audit.audit_log (action, created_at desc);
create index audit_log_trouble_idx on audit.audit_log (created_at desc) where outcome <> 'success';
create index audit_log_created_at_idx on audit.audit_log using brin (created_at);
create index audit_log_context_idx on audit.audit_log using gin (context jsonb_path_ops);
create index audit_log_recorded_xid_idx on audit.audit_log (recorded_xid);

comment on table audit.audit_log is 'append-only, by month: who did what, when, to what, and with what outcome';
comment on table audit.audit_log_default is 'audit_log of months without a partition; rows here are an alarm';
comment on column audit.audit_log.id is
  'time-ordered, so pages of the log go by id: order by id desc, then where id < $1';
comment on column audit.audit_log.schema_version is 'of the event format; 1 is dbctl.audit/1';
comment on column audit.audit_log.occurred_at is
  'when the client says it happened; created_at is when the database recorded it';
comment on column audit.audit_log.actor_id is
  'user id, service or job name; for an unknown actor what he claimed to be, as a digest';
comment on column audit.audit_log.on_behalf_of is
  'id of the user for whom the actor acted, e.g. support staff signed in as somebody';
comment on column audit.audit_log.action is 'dotted, from a closed registry: domain.object.verb';
comment on column audit.audit_log.entity_type is 'area.table of what was acted upon, or a name if it is no row';
comment on column audit.audit_log.entity_id is 'null when there is none, as for a denied creation';
comment on column audit.audit_log.reason_code is 'stable code of a failure or denial, never the text of an error';
comment on column audit.audit_log.context is
  'where it came from: app, request_id, trace_id, session_id, ip, query_name';
comment on column audit.audit_log.changes is
  '[{path, from, to}] of allow-listed fields, digests of others; never searched, so without a GIN index';
comment on column audit.audit_log.metadata is
  'small facts of the action, 8 KiB at most; never searched, so without a GIN index';
comment on column audit.audit_log.database_user is 'the login role, whatever set role says';
comment on column audit.audit_log.recorded_xid is 'transaction that inserted the row, for the ledger';
comment on index audit.audit_log_entity_idx is
  'serves: history of an entity, where entity_type = $1 and entity_id = $2 order by created_at desc';
comment on index audit.audit_log_actor_idx is
  'serves: deeds of an actor, where actor_type = $1 and actor_id = $2 order by created_at desc';
comment on index audit.audit_log_action_idx is
  'serves: how often and when, where action = $1 and created_at >= $2';
comment on index audit.audit_log_trouble_idx is
  'serves: monitoring, where outcome <> ''success'' and created_at >= $1';
comment on index audit.audit_log_created_at_idx is
  'serves: export of a window, where created_at >= $1 and created_at < $2; BRIN, since rows come in that order';
comment on index audit.audit_log_context_idx is
  'serves: everything of a request, where context @> ''{"request_id": "…"}''';
comment on index audit.audit_log_recorded_xid_idx is
  'serves: ledger checkpoint, where recorded_xid >= $1 and recorded_xid < $2';

select shared.create_monthly_partitions('audit.audit_log', months_ahead => 3, months_back => 1);
