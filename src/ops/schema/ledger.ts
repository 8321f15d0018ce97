import { appendOnlyGuards, appendOnlyOwnership } from './append-only.ts';

/**
 * Version 3 of schema dbctl: the ledger. Its tables only grow, and the guards of protected tables see to that; what a superuser does
 * to them nonetheless differs from the signed notes outside.
 */
export function ledgerVersion(): string {
  return [TABLES, GUARDS, OWNERSHIP].join('\n');
}

const TABLES = /* sql */ `
create table dbctl.ledger_epoch (
  epoch integer primary key check (epoch > 0),
  opened_at timestamptz not null default pg_catalog.clock_timestamp(),
  reason text not null,
  origin text not null unique,
  system_identifier text not null,
  xid_offset bigint not null default 0 check (xid_offset >= 0),
  first_xid xid8 not null,
  cites jsonb not null default '{}',
  operator text not null
);
comment on table dbctl.ledger_epoch is 'a log of its own from the first checkpoint on, and after each restore that took transaction ids or rows back';
comment on column dbctl.ledger_epoch.xid_offset is 'what the default of the xid columns adds to the server''s transaction id, so that values never repeat';
comment on column dbctl.ledger_epoch.first_xid is 'rows below it were there when the epoch was opened; they are its base windows';
comment on column dbctl.ledger_epoch.cites is 'last sequence, size, root and note of the epoch before, notes the restore lost, and what was found when windows were compared';

create table dbctl.ledger_checkpoint (
  sequence bigint primary key check (sequence > 0),
  epoch integer not null references dbctl.ledger_epoch (epoch),
  lo xid8 not null,
  hi xid8 not null,
  size bigint not null check (size >= 0),
  root bytea not null check (pg_catalog.length(root) = 32),
  peaks bytea not null,
  note text not null,
  guards text not null,
  closed_at timestamptz not null default pg_catalog.clock_timestamp(),
  check (lo <= hi)
);
comment on table dbctl.ledger_checkpoint is 'signed heads of the log: every transaction below hi had ended, and what it inserted is sealed';
comment on column dbctl.ledger_checkpoint.peaks is 'roots of the complete subtrees, 32 bytes each, largest first: the log goes on from them';
comment on column dbctl.ledger_checkpoint.note is 'what is published: C2SP tlog-checkpoint as a signed note';

create table dbctl.ledger_window (
  epoch integer not null references dbctl.ledger_epoch (epoch),
  position bigint not null check (position >= 0),
  sequence bigint not null references dbctl.ledger_checkpoint (sequence),
  table_name text not null,
  partition_name text not null,
  columns_version integer not null,
  lo xid8 not null,
  hi xid8 not null,
  rows bigint not null check (rows > 0),
  root bytea not null check (pg_catalog.length(root) = 32),
  primary key (epoch, position)
);
comment on table dbctl.ledger_window is 'entries of the log: the rows of one partition that transactions lo <= xid < hi inserted';
create index ledger_window_partition_idx on dbctl.ledger_window (partition_name, epoch, position);
create index ledger_window_sequence_idx on dbctl.ledger_window (sequence);

create table dbctl.ledger_columns (
  table_name text not null,
  version integer not null,
  columns jsonb not null,
  since timestamptz not null default pg_catalog.clock_timestamp(),
  primary key (table_name, version)
);
comment on table dbctl.ledger_columns is 'which columns, in which order, are in the hash of a row; a window keeps the list it was sealed with';

create table dbctl.ledger_receipt (
  sequence bigint not null references dbctl.ledger_checkpoint (sequence),
  sink text not null,
  reference text not null,
  detail jsonb not null default '{}',
  received_at timestamptz not null default pg_catalog.clock_timestamp(),
  primary key (sequence, sink)
);
comment on table dbctl.ledger_receipt is 'where a note was published';

create table dbctl.ledger_event (
  id bigint generated always as identity primary key,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  kind text not null check (kind in ('archived', 'held', 'released', 'restored', 'explained')),
  table_name text not null,
  partition_name text not null,
  reference text not null,
  reason text not null,
  actor text not null default session_user
);
comment on table dbctl.ledger_event is 'what happened to a partition by right: verify then says archived or held, and not tampered';
create index ledger_event_partition_idx on dbctl.ledger_event (partition_name, id);
`;

const NAMES = ['ledger_epoch', 'ledger_checkpoint', 'ledger_window', 'ledger_columns', 'ledger_receipt', 'ledger_event'];

const GUARDS = NAMES.map((name) => appendOnlyGuards(name, 'dbctl_ledger')).join('\n');

/**
 * dbctl_ledger may append and nothing else; it reads the protected tables by grants of its own. Foreign key checks lock the row they find as its
 * owner, and that takes update on one column.
 */
const OWNERSHIP = appendOnlyOwnership(
  NAMES,
  'dbctl_ledger',
  `
  grant update (epoch) on table dbctl.ledger_epoch to dbctl_guard;
  grant update (sequence) on table dbctl.ledger_checkpoint to dbctl_guard;
  grant dbctl_auditor to dbctl_ledger;`,
);
