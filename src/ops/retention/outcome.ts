import type { JsonObject } from '../../core/json.ts';
import type { Progress } from '../../core/progress.ts';
import type { Backlog } from './backlog.ts';
import type { RetentionRule } from './settings.ts';

/** How far a run got with one rule, of whatever kind. */
export interface RuleOutcome {
  readonly rule: RetentionRule;
  /**
   * done: nothing is left that could go now · time: its time was over · stopped: somebody stopped the run · failed: the server or the destination
   * refused a step, and the steps before it stand · unfit: it could not begin.
   */
  readonly state: 'done' | 'time' | 'stopped' | 'failed' | 'unfit';
  /** What is older goes; ISO 8601, UTC. */
  readonly cutOff: string | null;
  /** Rows. */
  readonly deleted: number;
  /** Transactions that removed some. */
  readonly batches: number;
  /** What still goes, counted up to a limit; null: it could not be counted. */
  readonly left: Backlog | null;
  /** Holds that bore on the last batch. */
  readonly holds: readonly number[];
  readonly problem: string | null;
  readonly grants: readonly string[];
  /** What was done, in place of the word done; null: the numbers say it. */
  readonly words: string | null;
  /** Things a person should know, in sentences. */
  readonly notes: readonly string[];
  /** Of a rule that moves blobs. */
  readonly blobs?: BlobFigures;
  /** What only this kind of rule has to say, for the report and the record. */
  readonly more: JsonObject;
}

/** What a run did to blobs. */
export interface BlobFigures {
  readonly moved: number;
  readonly movedBytes: number;
  /** Copied, and not read back by a second login yet. */
  readonly waiting: number;
  /** Not what their rows say, and left alone. */
  readonly alarms: number;
}

/** What a run of a rule is given. */
export interface RunControl {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** performance.now() at which the whole run has to end; null: no such moment. */
  readonly deadline: number | null;
}

/** A rule that could not begin. */
export const unfitOutcome = (rule: RetentionRule, problem: string, grants: readonly string[]): RuleOutcome => ({
  rule,
  state: 'unfit',
  cutOff: null,
  deleted: 0,
  batches: 0,
  left: null,
  holds: [],
  problem,
  grants,
  words: null,
  notes: [],
  more: {},
});

/** performance.now() at which a rule that begins now has to end. */
export const deadlineOf = ({ maxTimeMs }: Pick<RetentionRule, 'maxTimeMs'>, { deadline }: RunControl): number =>
  Math.min(maxTimeMs === 0 ? Infinity : performance.now() + maxTimeMs, deadline ?? Infinity);
