import { withSession } from '../../../src/db/session.ts';
import { installGuards } from '../../../src/ops/immutability/install.ts';
import { immutabilitySettings } from '../../../src/ops/immutability/settings.ts';
import { guardPolicyFrom, type GuardPolicy } from '../../../src/ops/verify/guard-policy.ts';
import type { ConnectionTarget } from '../../../src/runtime/connection/target.ts';
import { onServer } from '../../support/connection.ts';

const immutability = {
  owner: 'dbctl_protected',
  runbook: 'runbooks/immutability-violation.md',
  partition_creators: ['archiver'],
  unlockers: ['keeper'],
  archivers: [],
  archive_verifiers: [],
  tables: [
    { table: 'audit.log', generated: ['id', 'at'], accept: [] },
    { table: 'audit.event', generated: ['id'], accept: [] },
    { table: 'audit.note', generated: [], accept: [] },
  ],
};

/** What the checks of group immutability compare the guarded server with. */
export const GUARDS = guardPolicyFrom(immutability) as GuardPolicy;

/** A table with a foreign key and columns of the database's own, one with partitions on two levels, and a plain one. */
const TABLES = [
  'create role writer login',
  'create role archiver login',
  'create role keeper login',
  'create schema shop',
  'create table shop.account (id bigint primary key)',
  'create schema audit',
  `create table audit.log (
    id bigint generated always as identity primary key,
    account bigint references shop.account,
    actor text not null,
    note text,
    at timestamptz not null default pg_catalog.now())`,
  `create table audit.event (
    id bigint generated always as identity,
    kind text not null,
    at timestamptz not null,
    primary key (id, kind, at)) partition by range (at)`,
  `create table audit.event_2025 partition of audit.event for values from ('2025-01-01') to ('2026-01-01')`,
  `create table audit.event_2026 partition of audit.event for values from ('2026-01-01') to ('2027-01-01') partition by list (kind)`,
  'create table audit.event_2026_rest partition of audit.event_2026 default',
  'create table audit.note (id uuid primary key default pg_catalog.gen_random_uuid(), body text not null)',
  'grant usage on schema audit to writer',
  'grant select, insert on table audit.log, audit.event, audit.note to writer',
];

/** Makes the tables in an empty database and guards them as `dbctl immutability install` does. */
export async function guard(url: string, target: ConnectionTarget): Promise<void> {
  await onServer(url, ...TABLES);
  await withSession(target, { access: 'write' }, (session) => installGuards(session, immutabilitySettings({ immutability })));
}
