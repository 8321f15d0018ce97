import type { Dependant } from './dependants.ts';
import type { Referrer } from './referrers.ts';

/** What the database says about a rule that archives: read in one snapshot, judged by {@link file://./plan.ts planPartition}. Times are ISO 8601, UTC. */
export interface TableFacts {
  readonly oid: number;
  /** The column partitions are divided by. */
  readonly keyColumn: string;
  /** Partitions whose rows would all be old enough are older than this. */
  readonly cutOff: string;
  /** How long rows are kept as was said last in the database, and how that is beside the rule; null: nobody has said it yet. */
  readonly said: { readonly keep: string; readonly than: 'shorter' | 'same' | 'longer' } | null;
  /** Active holds that may bear on rows of it. */
  readonly holds: readonly number[];
  /** Old enough by their bounds, oldest first; the default partition where it has rows of that age. */
  readonly partitions: readonly PartitionFacts[];
  /** Those whose bounds are younger. */
  readonly younger: number;
}

export interface PartitionFacts {
  readonly oid: number;
  /** `audit.audit_log_2025_10`, as dbctl.archive_segment has it. */
  readonly name: string;
  /** The same, quoted. */
  readonly sql: string;
  readonly bound: string;
  readonly isDefault: boolean;
  /** A `detach … concurrently` that did not end. */
  readonly isPending: boolean;
  /** pg_total_relation_size. */
  readonly hotBytes: number;
  /** Of its copy where there is one, else as the planner knows it; null: it was never counted. */
  readonly rows: number | null;
  /** By the column partitions are divided by; null: it is empty. */
  readonly oldest: string | null;
  readonly newest: string | null;
  /** By the column of the rule: all of them are old enough. */
  readonly isAged: boolean;
  /** Seconds since its newest row was as old as the rule keeps it. */
  readonly lateSeconds: number;
  /** What was promised to rows since the oldest of them came, where that is longer than the rule; null: it is not, or is past. */
  readonly promised: string | null;
  /** Holds on rows of it. */
  readonly holds: readonly number[];
  /** Foreign keys that keep it; looked for where its rows are old enough. */
  readonly referrers: readonly Referrer[];
  /** What else names it; looked for where its rows are old enough. */
  readonly dependants: readonly Dependant[];
  readonly isFenced: boolean;
  /** Columns an archive has no values of. */
  readonly virtualColumns: readonly string[];
  /** Null: the ledger seals nothing of the table. */
  readonly ledger: { readonly windows: number; readonly isSealed: boolean; readonly isPublished: boolean } | null;
  /** The newest copy that was recorded; null: none was. */
  readonly segment: SegmentFacts | null;
}

/** A copy outside the database, as dbctl.archive_segment has it. */
export interface SegmentFacts {
  readonly segment: string;
  readonly rows: number;
  readonly coldBytes: number;
  readonly uri: string;
  readonly manifestSha256: string;
  readonly exportedBy: string;
  readonly exportedAt: string;
  readonly detail: SegmentDetail;
  /** The partition was fenced all the time since. */
  readonly isBehindFence: boolean;
  /** It came back from its copy, and stays until then; null: it never left, or that is past. */
  readonly backUntil: string | null;
  /** Somebody else than the one who exported it has read it back. */
  readonly isVerified: boolean;
  /** Why the database would not remove the partition, besides a missing verification; empty: it would. */
  readonly problems: readonly string[];
}

/** What dbctl keeps of a segment besides its columns. */
export interface SegmentDetail {
  /** Its folder in the destination. */
  readonly archive?: string;
  /** Name of the destination in dbctl.yaml. */
  readonly destination?: string;
}

/** A rule that cannot run, and why. */
export interface UnfitTable {
  readonly problem: string;
  /** Statements that mend it, where there are some. */
  readonly grants: readonly string[];
}
