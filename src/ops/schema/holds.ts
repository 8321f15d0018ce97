import { ADVISORY_LOCKS, DBCTL_LOCKS } from '../../db/advisory-lock.ts';
import { appendOnlyGuards, appendOnlyOwnership } from './append-only.ts';

const TABLES = ['legal_hold', 'legal_hold_release'];

/**
 * Version 6 of schema dbctl: legal holds. Both tables only grow: a release is a row of its own. The columns of type regclass hold the oid, and a
 * dump writes the name, so that a hold follows a rename and a restore; the names as they were are kept beside it for a table that was put in
 * the place of another.
 *
 * Whoever places a hold, dbctl or a person at psql, waits in the trigger for the batch that removes rows just now: a hold that is there is
 * seen by every batch that begins after it, and no batch began before it and ends after it.
 */
export function holdsVersion(): string {
  return /* sql */ `
create table dbctl.legal_hold (
  id bigint generated always as identity primary key,
  relation regclass not null,
  relation_name text not null,
  scope text not null check (scope in ('table', 'partition', 'range', 'subject')),
  partition regclass,
  partition_name text,
  column_name text,
  from_at timestamptz,
  to_at timestamptz,
  subject text,
  reason text not null check (pg_catalog.length(pg_catalog.btrim(reason)) between 10 and 2000),
  reference text check (pg_catalog.length(reference) between 1 and 200),
  operator text not null,
  placed_by text not null default session_user,
  placed_at timestamptz not null default pg_catalog.clock_timestamp(),
  constraint legal_hold_place check (case scope
    when 'table' then pg_catalog.num_nulls(partition, partition_name, column_name, from_at, to_at, subject) = 6
    when 'partition' then pg_catalog.num_nulls(partition, partition_name) = 0
      and pg_catalog.num_nulls(column_name, from_at, to_at, subject) = 4
    when 'range' then column_name is not null and pg_catalog.num_nulls(from_at, to_at) < 2
      and pg_catalog.num_nulls(partition, partition_name, subject) = 3
    else pg_catalog.num_nulls(column_name, subject) = 0
      and pg_catalog.num_nulls(partition, partition_name, from_at, to_at) = 4
  end),
  constraint legal_hold_range check (from_at <= to_at)
);
comment on table dbctl.legal_hold is 'rows that nobody may remove until the hold is released: where, why, who, since when; append-only';
comment on column dbctl.legal_hold.reference is 'of whoever asked for it: the number of the case';
comment on column dbctl.legal_hold.to_at is 'the last moment that is held; null: without end';

create table dbctl.legal_hold_release (
  hold bigint primary key,
  reason text not null check (pg_catalog.length(pg_catalog.btrim(reason)) between 10 and 2000),
  operator text not null,
  released_by text not null default session_user,
  released_at timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table dbctl.legal_hold_release is 'holds that no longer hold, and why; a release removes nothing; append-only';

create function dbctl.hold_between_batches() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $function$
begin
  perform pg_catalog.pg_advisory_xact_lock(${DBCTL_LOCKS}, ${ADVISORY_LOCKS.holds});
  return null;
end
$function$;
comment on function dbctl.hold_between_batches() is 'a hold is placed between two batches of a removal, never beside one';
revoke execute on function dbctl.hold_between_batches() from public;
create trigger dbctl_hold_order before insert on dbctl.legal_hold
  for each statement execute function dbctl.hold_between_batches();
alter table dbctl.legal_hold enable always trigger dbctl_hold_order;
${TABLES.map((name) => appendOnlyGuards(name, 'dbctl_owner')).join('\n')}
${appendOnlyOwnership(TABLES, 'dbctl_owner', OWNED)}`;
}

/** The trigger runs as whoever places the hold, so anybody who may insert has to be able to reach it. */
const OWNED = /* sql */ `
  alter function dbctl.hold_between_batches() owner to dbctl_guard;`;
