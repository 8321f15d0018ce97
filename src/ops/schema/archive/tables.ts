import { appendOnlyGuards, appendOnlyOwnership } from '../append-only.ts';

export const ARCHIVE_TABLES = ['archive_keep', 'archive_segment', 'archive_event'] as const;

/**
 * What left the database as files, and what became of it. Written by the governed functions alone, so that nobody can sign with another's name:
 * actors are session_user, which `set role` does not change.
 */
export const TABLES = /* sql */ `
create table dbctl.archive_keep (
  id bigint generated always as identity primary key,
  table_name text not null,
  keep interval not null check (keep > interval '0'),
  basis text not null,
  set_by text not null default session_user,
  set_at timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table dbctl.archive_keep is 'how long rows of a protected table stay, from each moment on; rows keep the longest that held since they were inserted';
create index archive_keep_table_idx on dbctl.archive_keep (table_name, id);

create table dbctl.archive_segment (
  segment text primary key check (segment ~ '^[a-z0-9][a-z0-9._-]{7,199}$'),
  relation bigint not null,
  table_name text not null,
  partition_name text not null,
  bound text not null,
  rows bigint not null check (rows >= 0),
  rows_hash text not null check (rows_hash ~ '^-?[0-9]+$'),
  hashed_by text not null check (hashed_by in ('record', 'text')),
  oldest_at timestamptz,
  newest_at timestamptz,
  hot_bytes bigint not null check (hot_bytes >= 0),
  cold_bytes bigint not null check (cold_bytes >= 0),
  format text not null,
  uri text not null,
  manifest_sha256 text not null check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
  retain_until timestamptz,
  detail jsonb not null default '{}',
  exported_by text not null default session_user,
  exported_at timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table dbctl.archive_segment is 'copies of partitions outside the database: where, how many rows, and the sum of their hashes';
comment on column dbctl.archive_segment.relation is 'oid of the partition when it was copied; it may be gone';
comment on column dbctl.archive_segment.rows_hash is 'sum of the hash of each row, as dbctl.rows_hash() has it';
create index archive_segment_partition_idx on dbctl.archive_segment (partition_name, exported_at);

create table dbctl.archive_event (
  id bigint generated always as identity primary key,
  segment text not null references dbctl.archive_segment (segment),
  kind text not null check (kind in ('verified', 'removed')),
  actor text not null default session_user,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  detail jsonb not null default '{}'
);
comment on table dbctl.archive_event is 'what happened to a copy: read back and equal, and the partition removed';
create index archive_event_segment_idx on dbctl.archive_event (segment, id);
create unique index archive_event_removed_once on dbctl.archive_event (segment) where kind = 'removed';
${ARCHIVE_TABLES.map((name) => appendOnlyGuards(name, 'dbctl_guard')).join('\n')}
`;

/** A foreign key check locks the row it finds as its owner, and that takes update on one column. */
export const OWNERSHIP = (functions: readonly string[]): string =>
  appendOnlyOwnership(
    ARCHIVE_TABLES,
    'dbctl_guard',
    `
  grant update (segment) on table dbctl.archive_segment to dbctl_guard;
  ${functions.map((name) => `alter function ${name} owner to dbctl_guard;`).join('\n  ')}`,
  );
