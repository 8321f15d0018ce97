import type { Severity } from '../../../core/report.ts';
import type { AttestationRules } from '../benchmark/attestations.ts';
import { itemsOfVersion } from '../benchmark/benchmark.ts';
import type { Thresholds } from '../thresholds.ts';
import baseline from './baseline.json' with { type: 'json' };
import cis18 from './cis-18.json' with { type: 'json' };
import hardened from './hardened.json' with { type: 'json' };
import managed from './managed.json' with { type: 'json' };

export interface LeftOut {
  readonly checks: readonly string[];
  readonly reason: string;
}

export interface Weight {
  readonly check: string;
  readonly severity: Severity;
  readonly reason: string;
}

/** Which checks count for whom, and how much: a file of this folder. */
export interface Profile {
  readonly name: string;
  readonly about: string;
  /** Its checks are those that name an item of this version of the benchmark, and its report is that of the benchmark. */
  readonly benchmark?: string;
  /** Checks that say nothing here; reported as skipped, with the reason. */
  readonly leaveOut: readonly LeftOut[];
  /** Other severities than those of the files. */
  readonly severities: readonly Weight[];
  /** Stricter values than those of the checks. */
  readonly thresholds: Partial<Thresholds>;
  /** Lines for checks that are not here yet; a test asks for them to be moved up once they are. */
  readonly onMerge?: readonly (LeftOut | Weight)[];
}

const FILES = { baseline, hardened, 'cis-18': cis18, managed } as Readonly<Record<string, unknown>>;

/** By name, in the order of the documentation. */
export const PROFILES = FILES as Readonly<Record<'baseline' | 'hardened' | 'cis-18' | 'managed', Profile>>;
export type ProfileName = keyof typeof PROFILES;

/** What an attestation may name. */
export function attestationRules(environments: readonly string[], now: Date): AttestationRules {
  const items = Object.values(PROFILES).flatMap(({ name, benchmark }) =>
    benchmark === undefined ? [] : [[name, itemsOfVersion(benchmark).map(({ number }) => number)] as const],
  );
  return { items: new Map(items), environments, now };
}
