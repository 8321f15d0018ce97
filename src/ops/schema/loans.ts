import { appendOnlyGuards, appendOnlyOwnership } from './append-only.ts';

const TABLES = ['role_loan', 'role_loan_end'];

/**
 * Version 4 of schema dbctl: roles that were lent for a time. Both tables only grow: an end is a row of its own. Roles belong to the whole
 * cluster, and a loan is recorded in the database it was given in.
 */
export function loansVersion(): string {
  return /* sql */ `
create table dbctl.role_loan (
  id bigint generated always as identity primary key,
  role_name text not null,
  login text not null,
  reason text not null check (pg_catalog.length(reason) between 10 and 2000),
  operator text not null,
  given_by text not null default session_user,
  given_at timestamptz not null default pg_catalog.clock_timestamp(),
  until timestamptz not null,
  constraint role_loan_until check (until > given_at and until <= given_at + interval '24 hours 1 minute')
);
comment on table dbctl.role_loan is 'roles lent to a login for a time: who, to whom, why, until when; append-only';

create table dbctl.role_loan_end (
  loan bigint primary key,
  how text not null check (how in ('returned', 'expired')),
  operator text not null,
  ended_by text not null default session_user,
  ended_at timestamptz not null default pg_catalog.clock_timestamp(),
  sessions integer not null check (sessions >= 0)
);
comment on table dbctl.role_loan_end is 'how a loan ended: given back, or taken back after its time; append-only';
comment on column dbctl.role_loan_end.sessions is 'open sessions of the login at that moment, which were ended';
${TABLES.map((name) => appendOnlyGuards(name, 'dbctl_owner')).join('\n')}
${appendOnlyOwnership(TABLES, 'dbctl_owner')}`;
}
