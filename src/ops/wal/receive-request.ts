import type { Repository } from '../backup/repository.ts';
import type { SlotRequest } from './receive-slot.ts';

export interface ReceiveRequest extends SlotRequest {
  /** One that takes a segment is enough; the first gives its lock. */
  readonly repositories: readonly [Repository, ...Repository[]];
  /** A folder of this machine, for the segment that is being received. */
  readonly spool: string;
  /** Where to end: a position, what the server has when we come, or never. */
  readonly until: bigint | 'now' | null;
  /** How long to go on trying when the connection was lost; null: for ever. */
  readonly reconnectMs: number | null;
  /** Begin at what the server has, although something between it and the archive is lost. */
  readonly acceptGap: boolean;
  readonly clock: () => Date;
}

/** What is known from one connection to the next. */
export interface ReceiveState {
  systemIdentifier: string;
  timeline: number;
  lsn: bigint;
  until: bigint | null;
  /** The log has come for a second, so that a loss of the connection is worth another try. */
  streamed: boolean;
  segments: number;
  bytes: number;
  reconnects: number;
  /** Before the next try; 0 once something has come. */
  pauseMs: number;
  /** What to do when a segment is in the repository. */
  onStored: (name: string) => Promise<void>;
}
