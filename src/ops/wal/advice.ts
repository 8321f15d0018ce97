import { bytesText } from '../../core/bytes.ts';
import type { WalRate } from './server.ts';

export interface AdviceFacts {
  readonly rate: WalRate;
  readonly maxWalBytes: number;
  /** Longest time a receiver, a standby or the archive may be away without losing its place. */
  readonly outageSeconds: number;
  /** Size of the disk pg_wal is on; null: nobody has said. */
  readonly walDiskBytes: number | null;
  /** Free bytes of the disk of the repository; null: not to be known. */
  readonly freeBytes: number | null;
  /** What a segment takes in the archive, on average; null: there is none. */
  readonly storedBytes: number | null;
  readonly segmentBytes: number;
}

/** Numbers of this server for its settings. */
export interface Advice {
  readonly bytesPerHour: number;
  /** Whole numbers of megabytes, as the server takes them. */
  readonly maxSlotWalKeepSize: string;
  readonly walKeepSize: string;
  /** What would be held in the outage, if that is more than the disk can bear. */
  readonly tooMuchBytes: number | null;
  /** How long the free space of the repository lasts; null: not to be known. */
  readonly archiveDays: number | null;
}

const HOUR = 3_600;

/** Less than this is no measurement: the first minutes after a start are not like the rest. */
export const ENOUGH_SECONDS = 600;

/** A gigabyte is 64 segments, and nothing on a disk of today. */
const LEAST_BYTES = 1024 ** 3;

/** How much of the disk of pg_wal slots may take beside max_wal_size: the rest is for the burst nobody has measured. */
const DISK_SHARE = 0.5;

/**
 * What to set: `max_slot_wal_keep_size` for an outage, within half of the disk; `wal_keep_size` for an hour, which serves those who read
 * without a slot. Twice the average, since nights are quiet and days are not. Pure.
 */
export function adviseRetention(facts: AdviceFacts): Advice {
  const bytesPerHour = facts.rate.seconds <= 0 ? 0 : (facts.rate.bytes / facts.rate.seconds) * HOUR;
  const wanted = Math.max(LEAST_BYTES, 2 * bytesPerHour * (facts.outageSeconds / HOUR));
  const most = facts.walDiskBytes === null ? Infinity : Math.max(0, facts.walDiskBytes * DISK_SHARE - facts.maxWalBytes);
  const storedPerDay = facts.storedBytes === null ? 0 : (bytesPerHour / facts.segmentBytes) * facts.storedBytes * 24;
  return {
    bytesPerHour,
    maxSlotWalKeepSize: megabytes(Math.min(wanted, most)),
    walKeepSize: megabytes(Math.min(Math.max(LEAST_BYTES, 2 * bytesPerHour), most)),
    tooMuchBytes: wanted > most ? wanted : null,
    archiveDays: facts.freeBytes === null || storedPerDay === 0 ? null : facts.freeBytes / storedPerDay,
  };
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)}MB`;

export const rateText = ({ bytesPerHour }: Advice, { seconds }: WalRate): string => {
  const over = seconds < 2 * HOUR ? `${Math.round(seconds / 60)} min` : `${(seconds / HOUR).toFixed(1)} h`;
  return `${bytesText(bytesPerHour)} an hour, over the last ${over}`;
};
