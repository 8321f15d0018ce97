import { anyName } from './roles/names.ts';
import { duration, listOf, section, wholeNumber } from './values.ts';

/** Where checks of what goes on draw their lines: how much is too much differs from one server to the next. */
export const verifyLimits = section({
  standby_lag: duration().prefault('5min').describe('How far a standby may be behind in time, for rep-lag.'),
  standby_lag_mb: wholeNumber(1, 1_048_576)
    .prefault(1024)
    .describe('How many megabytes of log a standby may have left to replay, for rep-lag.'),
  open_transaction: duration()
    .prefault('1h')
    .describe('How long a transaction may be open, prepared ones too, for ops-long-xact.'),
  held_transactions: wholeNumber(1, 2_000_000_000)
    .prefault(10_000_000)
    .describe('How many transactions a slot or a standby, which have no clock, may hold back, for ops-long-xact.'),
  valid_days: wholeNumber(1, 3660)
    .prefault(366)
    .describe('How many days from now the password of one of verify.people may still be good, for auth-accounts.'),
});

/** PostgreSQL knows no people, and roles.yaml does not either: they are named. */
export const people = listOf(anyName('role'), 'a list of roles')
  .prefault([])
  .describe('Roles of people, and groups they are in: passwords of such logins need an end. Without it none is asked for.');
