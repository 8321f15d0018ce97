import type { Session } from '../../db/session.ts';
import type { Check } from './check.ts';
import { judge, type Bar, type Verdict } from './judge.ts';
import type { Outcome } from './outcome.ts';
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
}

/** Whom the outcomes are about. */
type Asked = Pick<Session, 'database' | 'serverVersion' | 'systemIdentifier'> & { readonly vendor: RecognisedVendor };

/** Judges outcomes, wherever they come from, by what holds today. */
export function verdictOn(ran: readonly Outcome[], asked: Asked, request: VerifyRequest): Verdict {
  const { selected, environment, waivers, bar, clock, baseline, project } = request;
  const outcomes = [...ran, ...selected.skipped.map(leftOut)];
  const { database, vendor } = asked;
  const circumstances = { environment, database, vendor: vendor.vendor, waivers, now: clock(), baseline };
  const verdict = judge(outcomes, circumstances, bar);
  const looksLike = vendorSentence(vendor);
  const other = baseline === null ? null : elsewhere(baseline, asked);
  const question = { server: asked.serverVersion, pin: request.policy.pin, advisories: request.advisories };
  return {
    ...verdict,
    notes: [versionSentence(question, verdict.items), looksLike, other, ...verdict.notes].filter((note) => note !== null),
    summary: { ...verdict.summary, version: versionSummary(question), vendor: { ...vendor }, about: { project } },
  };
}

function leftOut(check: Check): Outcome {
  return { kind: 'skipped', check, reason: 'verify.skip in dbctl.yaml leaves it out, with no owner and no end: prefer a waiver' };
}
