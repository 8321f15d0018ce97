import { versionText } from '../../core/pin.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Session } from '../../db/session.ts';
import { versionState } from './advisories.ts';
import type { Check } from './check.ts';
import { judge, type Bar, type Verdict } from './judge.ts';
import type { Outcome } from './outcome.ts';
import type { RunInputs } from './run.ts';
import { elsewhere } from './baseline.ts';
import type { SavedReport } from './saved-report.ts';
import type { Selected } from './select.ts';
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
type Asked = Pick<Session, 'database' | 'serverVersion' | 'systemIdentifier'>;

/** Judges outcomes, wherever they come from, by what holds today. */
export function verdictOn(ran: readonly Outcome[], asked: Asked, request: VerifyRequest): Verdict {
  const { selected, environment, waivers, bar, clock, baseline, project } = request;
  const outcomes = [...ran, ...selected.skipped.map(leftOut)];
  const verdict = judge(outcomes, { environment, database: asked.database, waivers, now: clock(), baseline }, bar);
  const other = baseline === null ? null : elsewhere(baseline, asked);
  return {
    ...verdict,
    notes: [...(other === null ? [] : [other]), ...verdict.notes],
    summary: { ...verdict.summary, version: versionSummary(asked.serverVersion, request), about: { project } },
  };
}

function leftOut(check: Check): Outcome {
  return { kind: 'skipped', check, reason: 'verify.skip in dbctl.yaml leaves it out, with no owner and no end: prefer a waiver' };
}

function versionSummary(server: number, { advisories, policy }: RunInputs): JsonObject {
  const { state, newest } = versionState(advisories, server, policy.pin);
  return { server: versionText(server), pin: versionText(policy.pin), state, newest, dataAsOf: advisories.data_as_of };
}

/** The same as a sentence: being at the pin must never sound like being safe. */
export function versionSentence(server: number, { advisories, policy }: RunInputs): string {
  const { state, newest } = versionState(advisories, server, policy.pin);
  const [has, pin] = [versionText(server), versionText(policy.pin)];
  const newer =
    newest === null || newest === has
      ? ''
      : ` The newest release of its major is ${newest}, by the advisory data of ${advisories.data_as_of}.`;
  switch (state) {
    case 'at-pin':
      return `The server is at the pin ${pin}.${newer}`;
    case 'above-pin':
      return `The server is ${has}, above the pin ${pin}.${newer}`;
    case 'below-pin':
      return `The server is ${has}, below the pin ${pin}.${newer}`;
    case 'withdrawn':
      return `The server is ${has}, a release that was withdrawn.${newer}`;
    case 'unknown-newer':
      return `The server is ${has}, newer than the advisory data of ${advisories.data_as_of}: nothing is known about its holes.`;
  }
}
