import type { Operator } from './run-record.ts';

/** How migrations are run; from `migrations` in dbctl.yaml. */
export interface MigrateSettings {
  readonly folder: string;
  /** postgrator's table, `schema.name`. */
  readonly table: string;
  /** Longest wait of one statement for a lock, in milliseconds. A waiting ALTER blocks every reader behind it. */
  readonly lockTimeoutMs: number;
  /** How often a migration that lost its lock wait is tried again, from its beginning. */
  readonly lockRetries: number;
  /** Longest wait for another runner to finish, in milliseconds. */
  readonly lockWaitMs: number;
  /** Longest a statement may run, in milliseconds; 0 is no limit. */
  readonly statementTimeoutMs: number;
  readonly operator: Operator;
}
