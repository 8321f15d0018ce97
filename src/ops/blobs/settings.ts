import type { RetentionRule } from '../retention/settings.ts';

/** Names of the columns of a proof row. */
export interface BlobColumns {
  readonly location: string;
  readonly sha256: string;
  readonly bytes: string;
}

/** A rule by which blobs go to cold storage when their proof rows are old enough; the rows stay. */
export interface BlobRule extends RetentionRule {
  readonly columns: BlobColumns;
  /** One of archive.destinations. */
  readonly destination: string;
  /** As the server reads an interval: how long the copies are meant to be kept; null: nothing was said. */
  readonly retain: string | null;
}
