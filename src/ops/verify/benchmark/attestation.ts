/** What somebody looked at, because no session can: an item of a benchmark, found as wanted, for a while. */
export interface Attestation {
  /** Name of the profile whose benchmark it is about: `cis-18`. */
  readonly benchmark: string;
  readonly item: string;
  /** Who looked. */
  readonly by: string;
  /** The day of the look, as YYYY-MM-DD. */
  readonly on: string;
  /** What was looked at and seen, or where that is kept. */
  readonly evidence: string;
  /** Last day it counts, as YYYY-MM-DD, in UTC. */
  readonly expires: string;
  /** Name of the environment; null: all. */
  readonly environment: string | null;
  readonly file: string;
  readonly line: number;
}

/** Days an attestation may run at most: machines change. */
export const LONGEST_ATTESTATION_DAYS = 366;
