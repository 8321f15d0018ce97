import type { Check } from '../check.ts';
import type { Outcome } from '../outcome.ts';
import type { Declared } from '../parameters.ts';
import { askedBy, askedOtherwise } from './asked.ts';
import type { SavedAnswer, SavedOutcome, Snapshot } from './document.ts';

/** The answers of a run, for a snapshot. */
export function answersOf(outcomes: readonly Outcome[], declared: Declared): SavedAnswer[] {
  return outcomes.map(({ check, ...outcome }) => ({
    id: check.id,
    ...askedBy(check, declared),
    outcome: outcome as SavedOutcome,
  }));
}

/**
 * What the snapshot says to today's checks, in their order. A check that was not asked, or is asked otherwise today, is unknown and never
 * passed: the server has not answered this question. Pure.
 */
export function replay(snapshot: Snapshot, checks: readonly Check[], declared: Declared): Outcome[] {
  const answers = new Map(snapshot.checks.map((answer) => [answer.id, answer]));
  const fix = `dbctl verify --env ${snapshot.environment} --save FILE`;
  return checks.map((check) => {
    const answer = answers.get(check.id);
    const reason = answer === undefined ? 'the snapshot did not ask it' : askedOtherwise(answer, askedBy(check, declared));
    if (answer === undefined || reason !== null) return { kind: 'unknown', check, reason: reason ?? '', fix };
    return { ...answer.outcome, check };
  });
}
