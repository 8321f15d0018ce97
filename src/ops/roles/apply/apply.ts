import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError, fail } from '../../../core/errors.ts';
import type { Progress } from '../../../core/progress.ts';
import type { Step } from '../../../core/step.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction, worthRetrying } from '../../../db/transaction.ts';
import type { RolePlan } from '../plan/plan.ts';

export interface ApplyOptions {
  /** The plan that was shown and agreed to. */
  readonly agreed: RolePlan;
  /** Reads the database and plans again, in the transaction that will change it. */
  readonly planAgain: (session: Session) => Promise<RolePlan>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Grants on one object at the same time, from here and elsewhere, end in an error of the server, not in a wait. */
const ATTEMPTS = 10;
const PAUSE_MS = 200;

/** Grants hold back vacuum and wait behind DDL: who is in the way longer than this is met again in the next attempt. */
const LOCK_TIMEOUT_MS = 2_000;

/** First key of the advisory lock: `role` in ASCII; the second is free for other plans of this kind. */
const ADVISORY_LOCK = [0x72_6f_6c_65, 0] as const;

/**
 * Does the plan in one transaction: all of it, or nothing. Before its first statement the database is read and planned again, and after the
 * last one once more: it commits when nothing is left to do. Returns how often it had to try.
 * Fails with refused when the database is no longer as the plan was made for, with lock.held or sql.failed when the server refuses.
 */
export async function applyRoles(session: Session, { agreed, planAgain, progress, signal }: ApplyOptions): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await inTransaction(session, 'read write', () => applyOnce(session, { agreed, planAgain, progress, signal }));
      return attempt;
    } catch (thrown) {
      if (attempt === ATTEMPTS || !(worthRetrying(thrown) || isConcurrentUpdate(thrown))) throw thrown;
      await sleep(PAUSE_MS * (1 + Math.random()), undefined, { signal });
    }
  }
}

async function applyOnce(session: Session, { agreed, planAgain, progress }: ApplyOptions): Promise<void> {
  await session.script(
    `set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local search_path = pg_catalog, pg_temp;
     select pg_catalog.pg_advisory_xact_lock(${ADVISORY_LOCK.join(', ')})`,
  );
  const plan = await planAgain(session);
  if (scriptOf(plan) !== scriptOf(agreed)) {
    fail('refused', 'roles or rights changed since the plan was made', {
      hint: 'Look at the new plan: dbctl roles plan. Nothing was changed.',
    });
  }
  const shown = progress.step('apply roles');
  await session.script(scriptOf(plan)).catch((thrown: unknown) => {
    shown.failed();
    throw thrown;
  });
  shown.done();
  const left = await planAgain(session);
  const [first] = stepsOf(left);
  if (first !== undefined) {
    fail('internal', `the plan was done and ${first.summary} is still to do, so that it was rolled back`, {
      hint: 'Report it with roles.yaml and the output of dbctl roles plan --format json.',
    });
  }
}

export const stepsOf = ({ gives, takes }: RolePlan): readonly Step[] => [...gives, ...takes];

/** The plan as one script, as it runs and as it is printed. */
export const scriptOf = (plan: RolePlan): string =>
  stepsOf(plan)
    .map(({ sql }) => `${sql};`)
    .join('\n');

/** `tuple concurrently updated` is an internal error without a code of its own (heapam.c, simple_heap_update). */
function isConcurrentUpdate(thrown: unknown): boolean {
  return (
    thrown instanceof DbctlError && thrown.sqlstate === 'XX000' && /tuple concurrently (?:updated|deleted)/.test(thrown.message)
  );
}
