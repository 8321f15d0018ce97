/** Where checks of what goes on draw their lines (verify.limits). */
export interface Limits {
  readonly standbyLagMs: number;
  readonly standbyLagBytes: number;
  readonly openTransactionMs: number;
  /** For slots and standbys, which have no clock. */
  readonly heldTransactions: number;
  readonly validDays: number;
}

/** The same as dbctl.yaml has it. */
export interface LimitSource {
  readonly standby_lag: number;
  readonly standby_lag_mb: number;
  readonly open_transaction: number;
  readonly held_transactions: number;
  readonly valid_days: number;
}

/** Those of a dbctl.yaml that names none. */
export const LIMITS: Limits = limitsFrom({
  standby_lag: 5 * 60_000,
  standby_lag_mb: 1024,
  open_transaction: 60 * 60_000,
  held_transactions: 10_000_000,
  valid_days: 366,
});

export function limitsFrom(source: LimitSource): Limits {
  return {
    standbyLagMs: source.standby_lag,
    standbyLagBytes: source.standby_lag_mb * 1_048_576,
    openTransactionMs: source.open_transaction,
    heldTransactions: source.held_transactions,
    validDays: source.valid_days,
  };
}
