-- Keys of events have two unique indexes, the second with created_at for the foreign key. "on conflict" with the columns of the first looks at
-- that one alone: a racing repetition whose transaction began in the same microsecond met the second and failed with 23505, where it was to
-- be told false. Without columns, both are looked at.

create or replace function delivery.record_snapshot_event(snapshot text, kind text, delivery text, body jsonb default '{}')
returns boolean
language sql
set search_path = ''
as $$
  with fresh as (
    insert into delivery.snapshot_event_keys (snapshot_id, event_type, delivery_id)
    values (snapshot, kind, delivery)
    on conflict do nothing
    returning snapshot_id, event_type, delivery_id, created_at
  ), recorded as (
    insert into delivery.snapshot_events (snapshot_id, event_type, delivery_id, payload, created_at)
    select fresh.snapshot_id, fresh.event_type, fresh.delivery_id, body, fresh.created_at
    from fresh
    returning id
  )
  select exists (select from recorded)
$$;

create or replace function delivery.record_delivery_event(
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
    on conflict do nothing
    returning delivery_id, source, created_at
  ), recorded as (
    insert into delivery.delivery_events (delivery_id, source, event_type, snapshot_id, payload, created_at)
    select fresh.delivery_id, fresh.source, kind, snapshot, body, fresh.created_at
    from fresh
    returning id
  )
  select exists (select from recorded)
$$;
