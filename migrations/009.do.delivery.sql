-- Webhooks and snapshots reach us at least once, so the same event comes again. Each must be recorded once.
--
-- snapshot_events and delivery_events are protected (append-only, guarded later; built-in scalar types only) and
-- partitioned by month. A unique key on a partitioned table must contain the partition column, so it can only say
-- "not twice at the same microsecond". What is really unique is therefore kept apart, in a narrow table without
-- partitions: *_event_keys holds one row an event, with the event's created_at. The event refers to its key by all
-- columns including created_at and is unique over the same columns: one key has one created_at, so it has at most
-- one event. That holds for every writer, without a trigger, however the row is written.
-- The key tables are insert-and-delete only: no updated_at. Keys are deleted by age after the partition of their
-- events is gone (the foreign key sees to the order), thus later than any sender retries.

create type delivery.idempotency_state as enum ('in_progress', 'completed', 'failed');

comment on type delivery.idempotency_state is
  'whether the answer to a request with an idempotency key is known yet';

-- snapshots -----------------------------------------------------------------------------------------------------

create table delivery.snapshots (
  id text,
  size_bytes bigint not null,
  media_type text not null default 'application/x-tar',
  manifest jsonb not null default '{}',
  blob_location text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint snapshots_pkey primary key (id),
  constraint snapshots_id_check check (id ~ '^[0-9a-f]{64}$'),
  constraint snapshots_size_bytes_check check (size_bytes >= 0),
  constraint snapshots_manifest_check check (jsonb_typeof(manifest) = 'object'),
  constraint snapshots_blob_location_check check (blob_location ~ '^[a-z][a-z0-9+.-]*://')
);

create index snapshots_manifest_idx on delivery.snapshots using gin (manifest jsonb_path_ops);
create index snapshots_blob_missing_idx on delivery.snapshots (created_at) where blob_location is null;

comment on table delivery.snapshots is
  'states of a workspace, named by their content; the bytes lie in blob storage';
comment on column delivery.snapshots.id is
  'sha256 of the content, lower-case hex: the same content is the same snapshot';
comment on column delivery.snapshots.blob_location is
  'where the bytes lie now, apart from what they are: may change; null: not uploaded yet, or gone';
comment on index delivery.snapshots_manifest_idx is
  'serves: snapshots containing a file, where manifest @> ''{"files": [{"path": "…"}]}''';
comment on index delivery.snapshots_blob_missing_idx is
  'serves: uploads that never came, where blob_location is null and created_at < $1';

create trigger set_updated_at before update on delivery.snapshots
  for each row execute function shared.set_updated_at();

-- snapshot_event_keys, snapshot_events (protected) --------------------------------------------------------------

create table delivery.snapshot_event_keys (
  snapshot_id text,
  event_type text,
  delivery_id text,
  created_at timestamptz not null default now(),
  constraint snapshot_event_keys_pkey primary key (snapshot_id, event_type, delivery_id),
  constraint snapshot_event_keys_event_key unique (created_at, snapshot_id, event_type, delivery_id)
);

comment on table delivery.snapshot_event_keys is
  'insert and delete only: which snapshot events were recorded, once each';
comment on index delivery.snapshot_event_keys_event_key is
  'serves: the foreign key of snapshot_events, and purge, where created_at < $1';

create table delivery.snapshot_events (
  id uuid default uuidv7(),
  snapshot_id text not null,
  event_type text not null,
  delivery_id text not null,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now(),
  recorded_xid xid8 not null default pg_current_xact_id(),
  constraint snapshot_events_pkey primary key (id, created_at),
  constraint snapshot_events_event_key unique (snapshot_id, event_type, delivery_id, created_at),
  constraint snapshot_events_key_fkey
    foreign key (snapshot_id, event_type, delivery_id, created_at)
    references delivery.snapshot_event_keys (snapshot_id, event_type, delivery_id, created_at),
  constraint snapshot_events_snapshot_id_fkey foreign key (snapshot_id) references delivery.snapshots (id),
  constraint snapshot_events_event_type_check
    check (event_type in ('CAPTURED', 'STORED', 'VERIFIED', 'DELIVERED', 'EXPIRED')),
  constraint snapshot_events_delivery_id_check check (length(delivery_id) between 1 and 200),
  constraint snapshot_events_payload_check check (jsonb_typeof(payload) = 'object')
) partition by range (created_at);

create table delivery.snapshot_events_default partition of delivery.snapshot_events default;

create index snapshot_events_delivery_id_idx on delivery.snapshot_events (delivery_id);
create index snapshot_events_recorded_xid_idx on delivery.snapshot_events (recorded_xid);

comment on table delivery.snapshot_events is
  'append-only, by month: what happened to a snapshot; written by record_snapshot_event';
comment on table delivery.snapshot_events_default is
  'snapshot_events of months without a partition; rows here are an alarm';
comment on column delivery.snapshot_events.delivery_id is
  'the delivery that brought the event; the same one twice is a repetition';
comment on column delivery.snapshot_events.created_at is 'equal to the created_at of its key';
comment on column delivery.snapshot_events.payload is
  'details of the event; never searched, so without a GIN index';
comment on column delivery.snapshot_events.recorded_xid is
  'transaction that inserted the row; not for callers: grant insert on the other columns';
comment on index delivery.snapshot_events_event_key is
  'serves: history of a snapshot, where snapshot_id = $1; and one event a key';
comment on index delivery.snapshot_events_delivery_id_idx is 'serves: what a delivery did, where delivery_id = $1';
comment on index delivery.snapshot_events_recorded_xid_idx is
  'serves: ledger checkpoint, where recorded_xid >= $1 and recorded_xid < $2';

-- delivery_event_keys, delivery_events (protected) --------------------------------------------------------------

create table delivery.delivery_event_keys (
  delivery_id text,
  source text,
  created_at timestamptz not null default now(),
  constraint delivery_event_keys_pkey primary key (delivery_id, source),
  constraint delivery_event_keys_event_key unique (created_at, delivery_id, source)
);

comment on table delivery.delivery_event_keys is
  'insert and delete only: which deliveries were recorded, once each';
comment on column delivery.delivery_event_keys.source is
  'in the key, so that one sender cannot use up the ids of another';
comment on index delivery.delivery_event_keys_event_key is
  'serves: the foreign key of delivery_events, and purge, where created_at < $1';

create table delivery.delivery_events (
  id uuid default uuidv7(),
  delivery_id text not null,
  source text not null,
  event_type text not null,
  snapshot_id text,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now(),
  recorded_xid xid8 not null default pg_current_xact_id(),
  constraint delivery_events_pkey primary key (id, created_at),
  constraint delivery_events_event_key unique (delivery_id, source, created_at),
  constraint delivery_events_key_fkey
    foreign key (delivery_id, source, created_at)
    references delivery.delivery_event_keys (delivery_id, source, created_at),
  constraint delivery_events_snapshot_id_fkey foreign key (snapshot_id) references delivery.snapshots (id),
  constraint delivery_events_delivery_id_check check (length(delivery_id) between 1 and 200),
  constraint delivery_events_source_check check (source ~ '^[a-z][a-z0-9_-]{0,62}$'),
  constraint delivery_events_event_type_check check (event_type ~ '^[a-z][a-z0-9_.]{0,99}$'),
  constraint delivery_events_payload_check check (jsonb_typeof(payload) = 'object')
) partition by range (created_at);

create table delivery.delivery_events_default partition of delivery.delivery_events default;

create index delivery_events_snapshot_id_idx on delivery.delivery_events (snapshot_id, created_at);
create index delivery_events_payload_idx on delivery.delivery_events using gin (payload jsonb_path_ops);
create index delivery_events_recorded_xid_idx on delivery.delivery_events (recorded_xid);

comment on table delivery.delivery_events is
  'append-only, by month: each delivery (webhook) received; written by record_delivery_event';
comment on table delivery.delivery_events_default is
  'delivery_events of months without a partition; rows here are an alarm';
comment on column delivery.delivery_events.delivery_id is
  'the sender''s id of the delivery, the same when it is sent again (GitHub: X-GitHub-Delivery)';
comment on column delivery.delivery_events.event_type is 'as the sender calls it: push, pull_request, check_run …';
comment on column delivery.delivery_events.created_at is 'equal to the created_at of its key';
comment on column delivery.delivery_events.recorded_xid is
  'transaction that inserted the row; not for callers: grant insert on the other columns';
comment on index delivery.delivery_events_event_key is
  'serves: was this delivery seen, where delivery_id = $1; and one event a key';
comment on index delivery.delivery_events_snapshot_id_idx is
  'serves: deliveries about a snapshot, where snapshot_id = $1 order by created_at';
comment on index delivery.delivery_events_payload_idx is
  'serves: deliveries about a repository, where payload @> ''{"repository": {"full_name": "…"}}''';
comment on index delivery.delivery_events_recorded_xid_idx is
  'serves: ledger checkpoint, where recorded_xid >= $1 and recorded_xid < $2';

select shared.create_monthly_partitions('delivery.snapshot_events', months_ahead => 3, months_back => 1);
select shared.create_monthly_partitions('delivery.delivery_events', months_ahead => 3, months_back => 1);

-- One statement takes the key and writes the event, both with the time of the transaction. A racing repetition
-- waits for the first to end and then finds the key taken, or takes it if the first rolled back.

create function delivery.record_snapshot_event(snapshot text, kind text, delivery text, body jsonb default '{}')
returns boolean
language sql
set search_path = ''
as $$
  with fresh as (
    insert into delivery.snapshot_event_keys (snapshot_id, event_type, delivery_id)
    values (snapshot, kind, delivery)
    on conflict (snapshot_id, event_type, delivery_id) do nothing
    returning snapshot_id, event_type, delivery_id, created_at
  ), recorded as (
    insert into delivery.snapshot_events (snapshot_id, event_type, delivery_id, payload, created_at)
    select fresh.snapshot_id, fresh.event_type, fresh.delivery_id, body, fresh.created_at
    from fresh
    returning id
  )
  select exists (select from recorded)
$$;

create function delivery.record_delivery_event(
  delivery text,
  sender text,
  kind text,
  body jsonb,
  snapshot text default null
)
returns boolean
language sql
set search_path = ''
as $$
  with fresh as (
    insert into delivery.delivery_event_keys (delivery_id, source)
    values (delivery, sender)
    on conflict (delivery_id, source) do nothing
    returning delivery_id, source, created_at
  ), recorded as (
    insert into delivery.delivery_events (delivery_id, source, event_type, snapshot_id, payload, created_at)
    select fresh.delivery_id, fresh.source, kind, snapshot, body, fresh.created_at
    from fresh
    returning id
  )
  select exists (select from recorded)
$$;

comment on function delivery.record_snapshot_event(text, text, text, jsonb) is
  'records an event of a snapshot once; false: it had been recorded already';
comment on function delivery.record_delivery_event(text, text, text, jsonb, text) is
  'records a delivery once; false: it had been recorded already, so acknowledge it and do nothing';

revoke execute on function delivery.record_snapshot_event(text, text, text, jsonb) from public;
revoke execute on function delivery.record_delivery_event(text, text, text, jsonb, text) from public;

-- idempotency_keys ----------------------------------------------------------------------------------------------

create table delivery.idempotency_keys (
  scope text,
  key text,
  request_hash text not null,
  state delivery.idempotency_state not null default 'in_progress',
  response_status integer,
  response_body jsonb,
  expires_at timestamptz not null default now() + interval '24 hours',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (scope, key),
  constraint idempotency_keys_key_check check (length(key) between 1 and 200),
  constraint idempotency_keys_request_hash_check check (request_hash ~ '^[0-9a-f]{64}$'),
  constraint idempotency_keys_response_check check ((state = 'in_progress') = (response_status is null)),
  constraint idempotency_keys_response_status_check check (response_status between 100 and 599),
  constraint idempotency_keys_expires_at_check check (expires_at > created_at)
);

create index idempotency_keys_expires_at_idx on delivery.idempotency_keys (expires_at);

comment on table delivery.idempotency_keys is
  'answers to requests that a client may repeat, for a day; deleted in small batches';
comment on column delivery.idempotency_keys.scope is
  'whose key it is and for what, e.g. "user:<id>:POST /sessions"';
comment on column delivery.idempotency_keys.request_hash is
  'sha256 of the request; the same key with another hash is an error (422), not a repetition';
comment on column delivery.idempotency_keys.response_body is
  'given again to a repetition; never searched, so without a GIN index';
comment on index delivery.idempotency_keys_expires_at_idx is
  'serves: clean-up, where expires_at < now() order by expires_at limit $1';

create trigger set_updated_at before update on delivery.idempotency_keys
  for each row execute function shared.set_updated_at();
