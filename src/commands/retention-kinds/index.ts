import type { Item } from '../../core/report.ts';
import type { Session } from '../../db/session.ts';
import type { Backlog } from '../../ops/retention/backlog.ts';
import type { RuleOutcome, RunControl } from '../../ops/retention/outcome.ts';
import type { Going, Remark } from '../../ops/retention/plan.ts';
import type { RetentionRule } from '../../ops/retention/settings.ts';
import type { Context } from '../context.ts';

/** What the plan says of one rule. */
export interface PlannedRule {
  /** Its line in the table of rules; it fails where the rule could not run. */
  readonly row: Item;
  /** What it is made of, where that is worth a line each: partitions. */
  readonly parts: readonly Item[];
  readonly remarks: readonly Remark[];
  /** What a backup should have; null: the rule could not run. */
  readonly going: Going | null;
  readonly backlog: Backlog | null;
}

export interface PlanWish {
  /** Rows are counted in place of being estimated. */
  readonly exact: boolean;
}

/** What a rule has to do, and what a person should know of it. */
export type Sight = Backlog & { readonly told?: string; readonly fix?: string };

/** A kind of rules, bound to one of them: `then: delete`, `then: archive`, `then: move-blobs`. What one does, another command need not know. */
export interface BoundRule {
  readonly rule: RetentionRule;
  /** What a run does, for whoever is asked whether it may. */
  readonly words: string;
  /** Changes nothing. */
  plan(session: Session, wish: PlanWish): Promise<PlannedRule>;
  /** Under the retention lock. Fails only where the connection does. */
  run(session: Session, control: RunControl): Promise<RuleOutcome>;
  /** How far it is behind; or why that cannot be seen. */
  look(session: Session): Promise<Sight | string>;
}

/** Each kind is a file of its own beside this one. */
export async function bindRule(rule: RetentionRule, context: Context): Promise<BoundRule> {
  switch (rule.then) {
    case 'delete': {
      const { bindDelete } = await import('./delete.ts');
      return bindDelete(rule);
    }
    case 'archive': {
      const { bindArchive } = await import('./archive.ts');
      return bindArchive(rule, context);
    }
    case 'move-blobs': {
      const { bindMoveBlobs } = await import('./move-blobs.ts');
      return bindMoveBlobs(rule, context);
    }
  }
}

/** Rules of dbctl.yaml, bound, in their order. */
export const bindRules = (rules: readonly RetentionRule[], context: Context): Promise<BoundRule[]> =>
  Promise.all(rules.map((rule) => bindRule(rule, context)));
