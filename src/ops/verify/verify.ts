import type { Session } from '../../db/session.ts';
import { itemsByHand, type BenchmarkRun } from './benchmark/by-hand.ts';
import { benchmarkReport, type BenchmarkReport } from './benchmark/report.ts';
import type { Check } from './check.ts';
import { judge, type Bar, type Verdict } from './judge.ts';
import type { Outcome } from './outcome.ts';
import { weigh } from './profiles/apply.ts';
import { PROFILES, type Profile } from './profiles/profile.ts';
import type { RunInputs } from './run.ts';
import { elsewhere } from './baseline.ts';
import type { SavedReport } from './saved-report.ts';
import type { Selected } from './select.ts';
import { vendorSentence, type RecognisedVendor } from './vendor.ts';
import { versionSentence, versionSummary } from './version-sentence.ts';
import type { Waiver } from './waiver.ts';

export interface VerifyRequest extends RunInputs {
  readonly environment: string;
  readonly selected: Selected;
  readonly waivers: readonly Waiver[];
  readonly bar: Bar;
  readonly project: string;
  /** Findings it has do not count again; null: all count. */
  readonly baseline: SavedReport | null;
  /** Default: baseline, which changes nothing. */
  readonly profile?: Profile;
  /** The selected checks that the profile leaves out. */
  readonly leftOut?: readonly Outcome[];
  /** Where the profile is that of a benchmark: every check there is, and what people attest to. */
  readonly attested?: Pick<BenchmarkRun, 'checks' | 'attestations'>;
  /** How long to look into the relations themselves; null: not at all. */
  readonly deepMs?: number | null;
}

/** Whom the outcomes are about. */
type Asked = Pick<Session, 'database' | 'serverVersion' | 'systemIdentifier'> & { readonly vendor: RecognisedVendor };

/** A verdict, with the table of the benchmark where there is one. */
export interface Verified extends Verdict {
  readonly overview?: BenchmarkReport['overview'];
}

/** Judges outcomes, wherever they come from, by what holds today. */
export function verdictOn(ran: readonly Outcome[], asked: Asked, request: VerifyRequest): Verified {
  const { selected, environment, waivers, bar, clock, baseline, project, profile = PROFILES.baseline } = request;
  const outcomes = weigh([...ran, ...(request.leftOut ?? []), ...selected.skipped.map(skippedByConfig)], profile);
  const { database, vendor } = asked;
  const benchmark = benchmarkOf(profile, request);
  const besides = benchmark === null ? [] : itemsByHand(benchmark);
  const circumstances = { environment, database, vendor: vendor.vendor, waivers, now: clock(), baseline, besides };
  const verdict = inBenchmark(judge(outcomes, circumstances, bar), benchmark);
  const other = baseline === null ? null : elsewhere(baseline, asked);
  const question = { server: asked.serverVersion, pin: request.policy.pin, advisories: request.advisories };
  const notes = [versionSentence(question, verdict.items), vendorSentence(vendor, profile.name), other, ...verdict.notes];
  const about = { profile: profile.name, version: versionSummary(question), vendor: { ...vendor }, about: { project } };
  return { ...verdict, notes: notes.filter((note) => note !== null), summary: { ...verdict.summary, ...about } };
}

function benchmarkOf({ name, benchmark }: Profile, request: VerifyRequest): BenchmarkRun | null {
  const { attested = { checks: request.selected.run, attestations: [] }, environment, clock } = request;
  return benchmark === undefined ? null : { name, version: benchmark, ...attested, environment, now: clock() };
}

function inBenchmark(verdict: Verdict, run: BenchmarkRun | null): Verified {
  if (run === null) return verdict;
  const { items, summary, overview, notes } = benchmarkReport(verdict.items, run);
  return {
    ...verdict,
    items,
    summary: { ...verdict.summary, benchmark: summary },
    overview,
    notes: [...notes, ...verdict.notes],
  };
}

function skippedByConfig(check: Check): Outcome {
  return { kind: 'skipped', check, reason: 'verify.skip in dbctl.yaml leaves it out, with no owner and no end: prefer a waiver' };
}
