import { bytesText } from '../../core/bytes.ts';
import type { Session } from '../../db/session.ts';

/** A replication slot, and how much of the log it keeps the server from throwing away. */
export interface SlotFact {
  readonly name: string;
  readonly type: string;
  readonly active: boolean;
  /** Null: it holds nothing yet. */
  readonly restartLsn: string | null;
  readonly retainedBytes: number;
  /** reserved, extended, unreserved or lost. */
  readonly walStatus: string | null;
  /** How much more may be written before it is cut off; null: no limit is set. */
  readonly safeBytes: number | null;
  readonly invalidation: string | null;
}

/** Every slot of the server; of a standby too. */
export async function readSlots(session: Session): Promise<SlotFact[]> {
  const found = await session.rows<Omit<SlotFact, 'retainedBytes' | 'safeBytes'> & { retained: string; safe: string | null }>(
    SLOTS,
  );
  return found.map(({ retained, safe, ...slot }) => ({
    ...slot,
    retainedBytes: Number(retained),
    safeBytes: safe === null ? null : Number(safe),
  }));
}

/** invalidation_reason is there from 17 on: read by name, so that one statement serves every version. */
const SLOTS = /* sql */ `
select s.slot_name::pg_catalog.text as name,
       s.slot_type as type,
       s.active,
       s.restart_lsn::pg_catalog.text as "restartLsn",
       coalesce(greatest(0, pg_catalog.pg_wal_lsn_diff(
         case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end,
         s.restart_lsn)), 0)::pg_catalog.text as retained,
       s.wal_status as "walStatus",
       s.safe_wal_size::pg_catalog.text as safe,
       coalesce(pg_catalog.to_jsonb(s) ->> 'invalidation_reason', case when s.wal_status = 'lost' then 'wal_removed' end) as invalidation
from pg_catalog.pg_replication_slots s
where not s.temporary
order by s.slot_name`;

/** max_slot_wal_keep_size in bytes; null: slots may hold as much as they like. */
export async function readSlotLimit(session: Session): Promise<number | null> {
  const [row] = await session.rows<{ megabytes: number }>(LIMIT);
  return row === undefined || row.megabytes < 0 ? null : row.megabytes * MEGABYTE;
}

const MEGABYTE = 1024 ** 2;

/** In megabytes, its unit. */
const LIMIT = /* sql */ `
select s.setting::pg_catalog.int4 as megabytes
from pg_catalog.pg_settings s
where s.name = 'max_slot_wal_keep_size'`;

/** What a person has to know about slots before or while one more is used; none when all is well. Pure. */
export function slotWarnings(slots: readonly SlotFact[], limitBytes: number | null): string[] {
  return slots.flatMap(({ name, active, retainedBytes, walStatus }): string[] => {
    const who = active ? 'active' : 'nobody uses it';
    const holds = `slot ${name} (${who}) holds ${bytesText(retainedBytes)} of the log on the server`;
    if (walStatus === 'unreserved') return [`${holds}, more than max_slot_wal_keep_size: the next checkpoint may throw it away`];
    if (limitBytes === null || retainedBytes <= limitBytes) return [];
    return [`${holds}, more than the ${bytesText(limitBytes)} of --max-slot-wal`];
  });
}
