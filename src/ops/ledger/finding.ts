import type { JsonObject } from '../../core/json.ts';
import type { Severity, Status } from '../../core/report.ts';

/**
 * What verify says of a table, a partition or the log. Distinct on purpose: a verifier that cries tampering when a partition was archived,
 * or when a transaction is just open, is turned off by its owners.
 */
export type FindingKind =
  /** Hashed, and equal to what was sealed. */
  | 'sealed'
  /** Rows, windows or notes are not what was sealed. */
  | 'tampered'
  /** The partition left by right: archived, with a reference to where it is. */
  | 'archived'
  /** It left, and is back from its copy; verified like any other. */
  | 'returned'
  /** Under legal hold; verified like any other. */
  | 'held'
  /** Rows newer than the last checkpoint, or of transactions that are open. */
  | 'pending'
  /** Rows that should have been sealed by now. */
  | 'unsealed'
  /** The database was restored, or columns of sealed rows are gone: a new epoch has to be opened. */
  | 'epoch'
  /** A sink knows more of the log than the database. */
  | 'rollback'
  /** No checkpoint for too long. */
  | 'suppressed'
  /** An open transaction keeps rows from being sealed. */
  | 'horizon'
  /** A sink lacks notes, or does not answer. */
  | 'unpublished'
  /** Fewer than two places outside the database. */
  | 'sinks';

export interface Finding {
  readonly kind: FindingKind;
  /** `schema.partition`, the origin of the log, or the name of a sink. */
  readonly object: string;
  readonly message: string;
  readonly detail: JsonObject;
}

/** How a finding counts: which answers make the run's answer no. */
export const FINDING_KINDS: Readonly<
  Record<FindingKind, { readonly status: Status; readonly severity: Severity; readonly fix: string | null }>
> = {
  sealed: { status: 'pass', severity: 'info', fix: null },
  tampered: { status: 'fail', severity: 'critical', fix: 'touch nothing; runbooks/ledger-mismatch.md' },
  archived: { status: 'skipped', severity: 'info', fix: null },
  returned: { status: 'pass', severity: 'info', fix: null },
  held: { status: 'pass', severity: 'info', fix: null },
  pending: { status: 'skipped', severity: 'info', fix: null },
  unsealed: { status: 'fail', severity: 'high', fix: 'dbctl ledger checkpoint' },
  epoch: {
    status: 'fail',
    severity: 'high',
    fix: 'if it was restored on purpose: dbctl ledger checkpoint --new-epoch --reason TEXT',
  },
  rollback: { status: 'fail', severity: 'critical', fix: 'touch nothing; runbooks/ledger-mismatch.md' },
  suppressed: { status: 'fail', severity: 'high', fix: 'find out why dbctl ledger checkpoint --watch does not run' },
  horizon: { status: 'fail', severity: 'medium', fix: 'end the transaction, or roll the prepared one back' },
  unpublished: { status: 'fail', severity: 'medium', fix: 'dbctl ledger checkpoint publishes again what is missing' },
  sinks: { status: 'fail', severity: 'low', fix: 'add a sink under another owner to ledger.sinks in dbctl.yaml' },
};

export const finding = (kind: FindingKind, object: string, message: string, detail: JsonObject = {}): Finding => ({
  kind,
  object,
  message,
  detail,
});
