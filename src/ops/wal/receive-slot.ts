import { DbctlError, fail } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { lsnNumber } from '../../core/lsn.ts';
import type { Replication } from '../../db/replication.ts';
import { withSession } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { readSlotLimit, readSlots, slotWarnings, type SlotFact } from './slots.ts';

export interface SlotRequest {
  readonly target: ConnectionTarget;
  readonly slot: string | null;
  readonly createSlot: boolean;
  readonly maxSlotBytes: number | null;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Readies the slot: makes it where it is missing and may be made, warns of slots that hold too much. Where it holds the log from; null: no slot.
 * Fails with refused where there is none of that name, where it is logical or has lost its log, and where one more would join others over the limit.
 */
export async function readySlot(replication: Replication, request: SlotRequest): Promise<bigint | null> {
  const { slot: name, log } = request;
  const slots = await slotsOf(replication, request);
  const warnings = slotWarnings(slots, request.maxSlotBytes);
  for (const warning of warnings) log.warn(warning);
  if (name === null) return null;
  const found = slots.find((slot) => slot.name === name);
  if (found !== undefined) return usable(found);
  if (!request.createSlot) {
    fail('refused', `the server has no replication slot ${name}`, {
      hint: 'Add --create-slot to make it; it then holds the log until it is read.',
    });
  }
  if (warnings.length > 0) {
    fail('refused', `slot ${name} was not made: ${warnings[0]}`, {
      hint: 'See to that slot first (runbooks/wal-disk-filling.md), or raise --max-slot-wal.',
    });
  }
  return makeSlot(replication, request, name);
}

async function makeSlot(replication: Replication, request: SlotRequest, name: string): Promise<bigint | null> {
  await replication.createSlot(name);
  request.log.info(`made slot ${name}: the server keeps its log until it is received`);
  if ((await onSameHost(replication, request, readSlotLimit)) === null) {
    request.log.warn(
      `nothing limits what slot ${name} may hold when this does not run: set max_slot_wal_keep_size (dbctl wal status --server proposes how much)`,
    );
  }
  const made = (await slotsOf(replication, request)).find((slot) => slot.name === name);
  return made === undefined ? null : usable(made);
}

/** The position a slot holds the log from. Fails with refused where it is logical or has lost its log. */
export function usable({ name, type, walStatus, invalidation, restartLsn }: SlotFact): bigint | null {
  if (type !== 'physical') {
    fail('refused', `slot ${name} is ${type}, and the log is received over a physical one`, {
      hint: 'Name another one with --slot.',
    });
  }
  if (walStatus === 'lost' || invalidation !== null) {
    fail('refused', `slot ${name} has lost its log (${invalidation ?? 'wal_removed'})`, {
      hint: `dbctl wal receive --slot ${name} --drop-slot, start again with --create-slot, and take a physical backup: the archive may have a gap.`,
    });
  }
  return restartLsn === null ? null : lsnNumber(restartLsn);
}

/** On the very host the log comes from: with several in the URL another one may answer. */
function onSameHost<T>(
  replication: Replication,
  { target, signal }: SlotRequest,
  use: Parameters<typeof withSession<T>>[2],
): Promise<T> {
  return withSession(
    { ...target, hosts: [replication.address] },
    { access: 'read', applicationName: 'dbctl wal receive', signal },
    use,
  );
}

export const slotsOf = (replication: Replication, request: SlotRequest): Promise<SlotFact[]> =>
  onSameHost(replication, request, readSlots);

/** A look at the slots that goes on while the log is received. */
export interface SlotWatch {
  /** Fails with what the last look found, where nothing can be received over this slot any more. */
  check(): void;
  end(): void;
}

const LOOK_EVERY_MS = 60_000;

/**
 * Goes on looking while the log is received. A slot over the limit is a warning, ours too: a receiver that stops makes it hold more. One that
 * has lost its log ends it, since what comes next is gone.
 */
export function watchSlots(replication: Replication, request: SlotRequest, everyMs = LOOK_EVERY_MS): SlotWatch {
  let failure: DbctlError | undefined;
  const look = async () => {
    const slots = await slotsOf(replication, request);
    for (const warning of slotWarnings(slots, request.maxSlotBytes)) request.log.warn(warning);
    const own = slots.find(({ name }) => name === request.slot);
    if (own !== undefined) usable(own);
  };
  const timer = setInterval(() => {
    look().catch((thrown: Error) => {
      if (thrown instanceof DbctlError && thrown.code === 'refused') failure = thrown;
      else request.log.debug(`slots could not be looked at: ${thrown.message}`);
    });
  }, everyMs);
  return {
    check() {
      if (failure !== undefined) throw failure;
    },
    end: () => clearInterval(timer),
  };
}
