import { DbctlError } from '../../core/errors.ts';
import { lackOf } from '../restore/lack.ts';

export type StepName =
  | 'choose'
  | 'fetch'
  | 'server'
  | 'restore'
  | 'replay'
  | 'open'
  | 'compare'
  | 'amcheck'
  | 'immutability'
  | 'ledger'
  | 'verify'
  | 'assertion'
  | 'self-test'
  | 'rto'
  | 'rpo';

/** One thing a drill tried, how long it took, and what came of it. */
export interface DrillStep {
  readonly name: StepName;
  /** Which of several of that name: an assertion's own name. */
  readonly subject?: string;
  /** missed: the backup is good, and slower or older than dbctl.yaml allows. */
  readonly outcome: 'passed' | 'failed' | 'missed' | 'skipped';
  readonly message: string;
  /** What does not fit into one sentence, such as what was left out and why. */
  readonly details?: readonly string[];
  readonly seconds: number;
}

/** What was seen, as one sentence, or with more below it. */
export type Seen = string | { readonly message: string; readonly details: readonly string[] };

/** Tries one thing: true when it passed. What fails is noted and not thrown, but for a signal. */
export type Try = (name: StepName, act: () => Promise<Seen>, subject?: string) => Promise<boolean>;

/** Thrown by an act that could not be tried, which is neither a pass nor a failure of the backup. */
export class NotTried extends Error {}

/** Thrown by an act that found what must not be, with one sentence each below the summary. */
export class Failed extends DbctlError {
  readonly findings: readonly string[];

  constructor(message: string, findings: readonly string[]) {
    super('backup.failed', message);
    this.findings = findings;
  }
}

/** Thrown where no server for the backup can be had here, which says nothing of the backup: the drill ends without an answer. */
class NoServer extends DbctlError {}

/**
 * Notes what is tried into `steps`. The time of each runs from the end of the one before, so that together they are the whole. What fails
 * because the person stopped the drill, or no server of its kind is to be had, is thrown on.
 */
export function stepper(
  steps: DrillStep[],
  { clock, began, signal }: { readonly clock: () => Date; readonly began: Date; readonly signal: AbortSignal },
): Try {
  let started = began.getTime();
  return async (name, act, subject) => {
    const ended = (outcome: DrillStep['outcome'], message: string, details: readonly string[]) => {
      const now = clock().getTime();
      const more = { ...(subject === undefined ? {} : { subject }), ...(details.length === 0 ? {} : { details }) };
      steps.push({ name, ...more, outcome, message, seconds: (now - started) / 1000 });
      started = now;
      return outcome === 'passed';
    };
    try {
      const seen = await act();
      return typeof seen === 'string' ? ended('passed', seen, []) : ended('passed', seen.message, seen.details);
    } catch (thrown) {
      if (thrown instanceof NotTried) return ended('skipped', thrown.message, []);
      if (!(thrown instanceof DbctlError) || thrown instanceof NoServer || signal.aborted) throw thrown;
      const lack = lackOf(thrown);
      if (lack !== null) throw new NoServer('refused', lack.message, { hint: lack.hint, detail: thrown.message });
      return ended('failed', thrown.message, thrown instanceof Failed ? thrown.findings : []);
    }
  };
}
