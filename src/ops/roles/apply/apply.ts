import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError, fail } from '../../../core/errors.ts';
import type { Progress } from '../../../core/progress.ts';
import type { Step } from '../../../core/step.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction, worthRetrying } from '../../../db/transaction.ts';
import { LOCK_NOT_GRANTED } from '../../../runtime/sqlstate/classes.ts';
import type { RolePlan } from '../plan/plan.ts';
import { deniedStep, isSuperuser } from './denied.ts';

export interface ApplyOptions {
  /** The plan that was shown and agreed to. */
  readonly agreed: RolePlan;
  /** Reads the database and plans again, in the transaction that will change it. */
  readonly planAgain: (session: Session) => Promise<RolePlan>;
  /** Records what was done, in the transaction that does it. */
  readonly record?: (session: Session) => Promise<void>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** `already`: another run had done all of it meanwhile. */
export type Applied = 'applied' | 'already';

/** Grants on one object at the same time, from here and elsewhere, end in an error of the server, not in a wait. */
const ATTEMPTS = 10;
const PAUSE_MS = 200;

/** Grants hold back vacuum and wait behind DDL: who is in the way longer than this is met again in the next attempt. */
const LOCK_TIMEOUT_MS = 2_000;

/** Another run of this is waited for: eight at once on two busy cores took 28 s. Below statement_timeout of the session, a minute. */
const OTHER_RUN_MS = 50_000;

/** First key of the advisory lock: `role` in ASCII; the second is free for other plans of this kind. */
const ADVISORY_LOCK = [0x72_6f_6c_65, 0] as const;

/**
 * Does the plan in one transaction: all of it, or nothing. Before its first statement the database is read and planned again, and after the
 * last one once more: it commits when nothing is left to do. Where another run did it meanwhile, there is nothing to do, which is no failure.
 * Fails with db.read-only on a standby, with refused when the database is no longer as the plan was made for, with db.denied, naming the step and the right that is missing,
 * where whoever runs it may not, with lock.held or sql.failed when the server refuses otherwise.
 */
export async function applyRoles(session: Session, options: ApplyOptions): Promise<Applied> {
  await refuseStandby(session);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(session, 'read write', () => applyOnce(session, options));
    } catch (thrown) {
      if (attempt === ATTEMPTS || !(worthRetrying(thrown) || isConcurrentUpdate(thrown))) throw thrown;
      await sleep(PAUSE_MS * (1 + Math.random()), undefined, { signal: options.signal });
    }
  }
}

/** A standby refuses to begin a transaction that writes in words about features (0A000). */
async function refuseStandby(session: Session): Promise<void> {
  const [row] = await session.rows<{ standby: boolean }>('select pg_catalog.pg_is_in_recovery() as standby');
  if (row?.standby !== true) return;
  fail('db.read-only', `${session.host}:${session.port} is a standby, and roles are made on the primary`, {
    hint: 'Connect to the primary (target_session_attrs=read-write); the standby gets them by replication.',
  });
}

async function applyOnce(session: Session, { agreed, planAgain, record, progress }: ApplyOptions): Promise<Applied> {
  await waitForOtherRun(session);
  await session.script(`set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local search_path = pg_catalog, pg_temp`);
  const plan = await planAgain(session);
  const steps = stepsOf(plan);
  if (steps.length === 0 && stepsOf(agreed).length > 0) return 'already';
  if (scriptOf(plan) !== scriptOf(agreed)) {
    fail('refused', 'roles or rights changed since the plan was made', {
      hint: 'Look at the new plan: dbctl roles plan. Nothing was changed.',
    });
  }
  const shown = progress.step('apply roles');
  try {
    // One by one, so that a refusal names its step.
    for (const step of steps) await runStep(session, step);
  } catch (thrown) {
    shown.failed();
    throw thrown;
  }
  shown.done();
  await requireNothingLeft(session, planAgain);
  await record?.(session);
  return 'applied';
}

/** Held until the transaction ends, however it ends. */
async function waitForOtherRun(session: Session): Promise<void> {
  await session.script(`set local lock_timeout = ${OTHER_RUN_MS}`);
  try {
    await session.rows('select pg_catalog.pg_advisory_xact_lock($1, $2)', ADVISORY_LOCK);
  } catch (thrown) {
    if (!(thrown instanceof DbctlError && LOCK_NOT_GRANTED.has(thrown.sqlstate ?? ''))) throw thrown;
    fail('lock.held', `another run of roles apply is at work, and was for ${OTHER_RUN_MS / 1000} s`, {
      hint: 'Wait for it to end. Nothing was changed.',
      cause: thrown,
    });
  }
}

async function runStep(session: Session, step: Step): Promise<void> {
  try {
    await session.script(step.sql ?? '');
  } catch (thrown) {
    throw thrown instanceof DbctlError && thrown.code === 'db.denied' ? deniedStep(step, session.user, thrown) : thrown;
  }
}

/** GRANT and REVOKE of whoever may not do all of it end with a warning, and do nothing (ExecGrant_…() of aclchk.c). */
async function requireNothingLeft(session: Session, planAgain: ApplyOptions['planAgain']): Promise<void> {
  const [first] = stepsOf(await planAgain(session));
  if (first === undefined) return;
  if (!(await isSuperuser(session))) throw deniedStep(first, session.user);
  fail('internal', `the plan was done and ${first.summary} is still to do, so that it was rolled back`, {
    hint: 'Report it with roles.yaml and the output of dbctl roles plan --format json.',
  });
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
