import { appendOnlyGuards, appendOnlyOwnership } from '../append-only.ts';

/**
 * A partition that is back has a segment of its own: it is another relation, which is fenced, held and removed like any other. Its copy is the one
 * it came from, so that nothing is stored or counted twice.
 */
export const RETURN_TABLE = /* sql */ `
create table dbctl.archive_return (
  segment text primary key references dbctl.archive_segment (segment),
  of_segment text not null references dbctl.archive_segment (segment),
  until timestamptz not null,
  reason text not null check (pg_catalog.length(reason) between 10 and 2000),
  actor text not null default session_user,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  check (until > at)
);
comment on table dbctl.archive_return is 'partitions that were brought back from their copies, and attached: from which, for how long, and why';
comment on column dbctl.archive_return.segment is 'the partition that is back: rows as in the copy, no bytes of a copy of its own';
comment on column dbctl.archive_return.until is 'nothing removes it before; afterwards it leaves as it left before';
create index archive_return_of_idx on dbctl.archive_return (of_segment);
${appendOnlyGuards('archive_return', 'dbctl_guard')}
`;

/** Functions of these signatures go to who owns the guards. */
export const returnOwnership = (functions: readonly string[]): string =>
  appendOnlyOwnership(
    ['archive_return'],
    'dbctl_guard',
    functions.map((name) => `\n  alter function ${name} owner to dbctl_guard;`).join(''),
  );
