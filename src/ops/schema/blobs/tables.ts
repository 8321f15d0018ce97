import { appendOnlyGuards, appendOnlyOwnership } from '../append-only.ts';

export const BLOB_TABLES = ['blob_event'] as const;

/**
 * What became of files and objects that proof rows refer to. The proof row itself is never touched: where its blob is now is the newest event of
 * its location and hash. Written by the governed functions alone; actors are session_user, which `set role` does not change.
 */
export const TABLES = /* sql */ `
create table dbctl.blob_event (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('copied', 'verified', 'removing', 'removed', 'restored')),
  copy bigint,
  table_name text not null,
  row_key text not null,
  location text,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  bytes bigint not null check (bytes >= 0),
  destination text not null,
  uri text not null,
  detail jsonb not null default '{}',
  actor text not null default session_user,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  constraint blob_event_copy check ((kind = 'copied') = (copy is null)),
  constraint blob_event_location check (location is not null or kind in ('verified', 'restored'))
);
comment on table dbctl.blob_event is 'blobs that went to cold storage: copied, read back, taken away from where they were, brought back; append-only';
comment on column dbctl.blob_event.copy is 'id of the event that recorded the copy it is about';
comment on column dbctl.blob_event.row_key is 'primary key of the row it was done for, as JSON; other rows may have the same blob';
comment on column dbctl.blob_event.location is 'as it stands in the row; null: brought back to somewhere else';
comment on column dbctl.blob_event.uri is 'of the copy in cold storage';
create index blob_event_sha256_idx on dbctl.blob_event (sha256, id);
create index blob_event_location_idx on dbctl.blob_event (table_name, location) where kind in ('removed', 'restored');
create index blob_event_copy_idx on dbctl.blob_event (copy) where kind = 'verified';
${BLOB_TABLES.map((name) => appendOnlyGuards(name, 'dbctl_guard')).join('\n')}
`;

export const OWNERSHIP = (functions: readonly string[]): string =>
  appendOnlyOwnership(
    BLOB_TABLES,
    'dbctl_guard',
    `\n  ${functions.map((name) => `alter function ${name} owner to dbctl_guard;`).join('\n  ')}
  grant execute on function dbctl.blob_removal_problem(bigint) to dbctl_auditor;`,
  );
