import { versionText } from '../../core/pin.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Session } from '../../db/session.ts';
import { versionState } from './advisories.ts';
import type { Check } from './check.ts';
import { judge, type Bar, type Verdict } from './judge.ts';
import type { Outcome } from './outcome.ts';
import { runChecks, type RunInputs } from './run.ts';
import type { Selected } from './select.ts';
import type { Waiver } from './waiver.ts';

export interface VerifyRequest extends RunInputs {
  readonly environment: string;
  readonly selected: Selected;
  readonly waivers: readonly Waiver[];
  readonly bar: Bar;
}

/** Runs the selected checks on the session's server and judges what they say. Fails like runChecks, when the session itself fails. */
export async function verify(session: Session, request: VerifyRequest): Promise<Verdict> {
  const { selected, environment, waivers, bar, clock } = request;
  const outcomes = [...(await runChecks(session, selected.run, request)), ...selected.skipped.map(leftOut)];
  const verdict = judge(outcomes, { environment, database: session.database, waivers, now: clock() }, bar);
  return { ...verdict, summary: { ...verdict.summary, version: versionSummary(session.serverVersion, request) } };
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
