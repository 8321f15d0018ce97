import type { Session } from '../../src/db/session.ts';
import { installGuards } from '../../src/ops/immutability/install.ts';
import type { ImmutabilitySettings } from '../../src/ops/immutability/settings.ts';

/** One way to keep an audit table honest. */
export interface Variant {
  readonly name: string;
  readonly meaning: string;
  /** Makes the table `events` in an empty database. */
  prepare(session: Session): Promise<void>;
  /** Runs beside the writers until the signal; returns when it has caught up. */
  beside?(url: string, signal: AbortSignal): Promise<void>;
}

/** The row of the reference project's audit log, with what its readers need and no more. */
const TABLE = /* sql */ `
create table public.events (
  id uuid primary key default uuidv7(),
  created_at timestamptz not null default now(),
  actor text not null,
  action text not null,
  entity_id uuid not null,
  context jsonb not null
)`;

const XID = /* sql */ `
alter table public.events add column recorded_xid xid8 not null default pg_current_xact_id();
create index events_recorded_xid_idx on public.events (recorded_xid)`;

const settings: ImmutabilitySettings = {
  owner: 'dbctl_protected',
  runbook: 'runbooks/immutability-violation.md',
  partitionCreators: [],
  unlockers: [],
  archivers: [],
  archiveVerifiers: [],
  tables: [{ schema: 'public', name: 'events', generated: [], accept: [], probe: null }],
};

const guard = async (session: Session): Promise<void> => {
  const { refusals } = await installGuards(session, settings);
  if (refusals.length > 0) throw new Error(refusals[0]?.problem);
};

/** A hash over the row and the hash before it, under a lock, as most audit tables with "tamper evidence" do it. */
const CHAIN = /* sql */ `
alter table public.events add column seq bigint generated always as identity, add column previous bytea, add column hash bytea;
create function public.chain() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(4711);
  select e.hash into new.previous from public.events e order by e.seq desc limit 1;
  new.hash := sha256(coalesce(new.previous, ''::bytea) || convert_to(new.id::text || new.actor || new.action || new.entity_id::text || new.context::text, 'UTF8'));
  return new;
end $$;
create index events_seq_idx on public.events (seq desc);
create trigger chain before insert on public.events for each row execute function public.chain()`;

/** A generic history of rows as jsonb, written by a trigger to one table for all, the shape of supa_audit. */
const HISTORY = /* sql */ `
create table public.record_version (
  id bigint generated always as identity primary key,
  record_id uuid,
  op text not null,
  ts timestamptz not null default now(),
  table_oid oid not null,
  record jsonb
);
create index record_version_record_id_idx on public.record_version (record_id) where record_id is not null;
create index record_version_ts_idx on public.record_version using brin (ts);
create index record_version_table_oid_idx on public.record_version (table_oid);
create extension if not exists "uuid-ossp";
create function public.insert_update_delete() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  record_jsonb jsonb := pg_catalog.to_jsonb(new);
begin
  insert into public.record_version (record_id, op, table_oid, record)
  select public.uuid_generate_v5('fd62bc3d-8d6e-43c2-919c-802ba3762271',
           (pg_catalog.jsonb_build_array(tg_relid) || pg_catalog.jsonb_build_array(record_jsonb -> 'id'))::text),
         tg_op, tg_relid, record_jsonb;
  return coalesce(new, old);
end $$;
create trigger history after insert or update or delete on public.events for each row execute function public.insert_update_delete()`;

export const VARIANTS: readonly Variant[] = [
  { name: 'bare', meaning: 'the table alone', prepare: async (session) => void (await session.script(TABLE)) },
  {
    name: 'guards',
    meaning: 'dbctl immutability install',
    prepare: async (session) => {
      await session.script(TABLE);
      await guard(session);
    },
  },
  {
    name: 'guards + ledger',
    meaning: 'guards, recorded_xid with its index, and a checkpoint every second',
    prepare: async (session) => {
      await session.script(`${TABLE};${XID}`);
      await guard(session);
    },
    beside: async (url, signal) => (await import('./checkpoints.ts')).checkpointsBeside(url, signal),
  },
  {
    name: 'serial hash chain',
    meaning: 'each row holds the hash of the one before, under an advisory lock',
    prepare: async (session) => void (await session.script(`${TABLE};${CHAIN}`)),
  },
  {
    name: 'row history trigger',
    meaning: 'each row copied as jsonb to one history table, in the style of supa_audit',
    prepare: async (session) => void (await session.script(`${TABLE};${HISTORY}`)),
  },
];
