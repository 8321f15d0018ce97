import { ident } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { Check } from '../check.ts';
import { fillFix } from '../fix.ts';
import type { Outcome } from '../outcome.ts';
import { runInTransaction, type RunInputs } from '../run.ts';
import type { CheckCase } from './case-file.ts';

/** The name of the login role of `as: plain`, made and rolled back with the case. */
export const PLAIN_ROLE = 'verify_plain';

/** What a check said after the setup, and once its fixes were run (`then: fixed`). */
export interface Played {
  readonly outcome: Outcome;
  readonly afterwards: Outcome | null;
}

/**
 * Plays a case as a superuser's session: setup, the check in a read-only transaction, and where the case says so its fixes and the
 * check again. All is rolled back. Fails with what the setup or a fix fails with.
 */
export async function playCase(session: Session, check: Check, story: CheckCase, inputs: RunInputs): Promise<Played> {
  const judge = async (): Promise<Outcome> => {
    await session.script('savepoint story');
    if (story.as === 'plain')
      await session.script(`create role ${ident(PLAIN_ROLE)} login; set local session authorization ${ident(PLAIN_ROLE)}`);
    await session.script('set transaction read only');
    const { outcomes } = await runInTransaction(session, [check], inputs);
    await session.script('rollback to savepoint story');
    return outcomes[0] as Outcome;
  };
  await session.script('begin transaction isolation level repeatable read');
  try {
    if (story.setup !== '') await session.script(story.setup);
    const outcome = await judge();
    if (story.then === null) return { outcome, afterwards: null };
    for (const fix of fixesOf(outcome)) await session.script(fix);
    return { outcome, afterwards: await judge() };
  } finally {
    await session.script('rollback');
  }
}

/** Every fix of an outcome, filled. */
export function fixesOf(outcome: Outcome): readonly string[] {
  if (outcome.kind === 'found') return outcome.findings.map(({ data }) => fillFix(outcome.check.fix, data));
  return outcome.kind === 'unknown' && outcome.fix !== null ? [outcome.fix] : [];
}
