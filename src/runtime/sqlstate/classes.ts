/**
 * SQLSTATEs by what they mean for whoever asked. Compare with these sets, never with messages: the server translates those.
 * Source: Appendix A of the PostgreSQL manual.
 */

/** NOWAIT, or lock_timeout ran out. */
export const LOCK_NOT_GRANTED: ReadonlySet<string> = new Set(['55P03']);

/** The transaction lost against another one and may win when run again. */
export const SERIALIZATION: ReadonlySet<string> = new Set(['40001', '40P01']);

/** Cancelled: statement_timeout, pg_cancel_backend or a CancelRequest; the caller's own flag says which. */
export const CANCELED: ReadonlySet<string> = new Set(['57014']);

/** The session is gone, or goes with this message. */
export const CONNECTION_LOST: ReadonlySet<string> = new Set([
  '08000',
  '08003',
  '08006',
  '25P03',
  '25P04',
  '57P01',
  '57P02',
  '57P04',
  '57P05',
]);

/** The server lives but takes no sessions now: starting, stopping, or recovering. */
export const NOT_ACCEPTING: ReadonlySet<string> = new Set(['57P03']);

/** It may have been committed, or not. */
export const OUTCOME_UNKNOWN: ReadonlySet<string> = new Set(['08007', '40003']);

/** `create … if not exists` still races: unique_violation in a catalog, or one of the duplicate_* conditions. */
export const SOMEONE_ELSE_CREATED_IT: ReadonlySet<string> = new Set(['23505', '42P04', '42P06', '42P07', '42710', '42723']);

/** Disk, memory, connections or a configured limit are used up. */
export const RESOURCES: ReadonlySet<string> = new Set(['53000', '53100', '53200', '53300', '53400']);

/** A write on a standby or in a read-only transaction. */
export const READ_ONLY: ReadonlySet<string> = new Set(['25006']);

/** A missing right, a row-level security policy, or a guard trigger that speaks as one. */
export const PRIVILEGE: ReadonlySet<string> = new Set(['42501']);

/** The login itself is refused: password, pg_hba.conf, or the role. */
export const LOGIN_REFUSED: ReadonlySet<string> = new Set(['28000', '28P01']);

/** The named database does not exist. */
export const NO_DATABASE: ReadonlySet<string> = new Set(['3D000']);

/** A relation, column, function, type or schema that is not there: the code is newer than the schema, or the reverse. */
export const MISSING_OBJECT: ReadonlySet<string> = new Set(['3F000', '42P01', '42703', '42704', '42883']);

/** The file on disk is damaged; somebody must be woken. */
export const CORRUPTION: ReadonlySet<string> = new Set(['XX001', 'XX002']);
