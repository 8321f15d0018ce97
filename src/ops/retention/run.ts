import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { worthRetrying } from '../../db/transaction.ts';
import { removeBatch, type Batch } from './batch.ts';
import { whatHoldsTheHorizon } from './horizon.ts';
import { inspectRule, isUnfit, readBacklog, type RuleFacts } from './inspect.ts';
import { standbysAreNear } from './lag.ts';
import { LOCK_TRIES, lockPause } from './lock-pause.ts';
import { deadlineOf, unfitOutcome, type RuleOutcome, type RunControl } from './outcome.ts';
import type { DeleteRule } from './settings.ts';

/** What is known of a rule while its batches run. */
interface Course {
  deleted: number;
  batches: number;
  size: number;
  holds: readonly number[];
  target: RuleFacts['target'];
  readonly notes: Set<string>;
}

/**
 * Removes what a rule says is old enough, batch by batch, until nothing is left, its time is over, or somebody stops the run; between two batches
 * it waits for the pause of the rule, and for standbys that are too far behind. Call it under the retention lock. Returns also where the server
 * refused: batches that were committed stand. Fails only where the connection does.
 */
export async function runRule(session: Session, rule: DeleteRule, control: RunControl): Promise<RuleOutcome> {
  const facts = await inspectRule(session, rule);
  if (isUnfit(facts)) return unfitOutcome(facts.rule, facts.problem, facts.grants);
  const course: Course = { deleted: 0, batches: 0, size: rule.batch, holds: facts.holds, target: facts.target, notes: new Set() };
  const step = control.progress.step(`retention ${rule.name}`);
  try {
    const state = await removeAll(session, facts, course, control, (rows) => step.tick(rows));
    step.done(`${course.deleted} rows`);
    return await outcome(session, facts, course, state, null);
  } catch (thrown) {
    step.failed(`${course.deleted} rows`);
    if (!(thrown instanceof DbctlError)) throw thrown;
    if (thrown.code === 'db.unreachable') throw lost(thrown, rule, course);
    return outcome(session, facts, course, 'failed', failureText(thrown));
  }
}

/** Whether the batch that was being committed is in it, nobody here can know. */
function lost({ code, message, hint, sqlstate }: DbctlError, { name }: DeleteRule, { deleted, batches }: Course): DbctlError {
  return new DbctlError(
    code,
    `${message}; rule ${name} had removed ${deleted} rows in ${batches} batches, and perhaps the batch that was on its way`,
    { ...(hint === undefined ? {} : { hint }), ...(sqlstate === undefined ? {} : { sqlstate }) },
  );
}

const failureText = ({ message, sqlstate }: DbctlError): string =>
  sqlstate === undefined ? message : `${message} (${sqlstate})`;

async function removeAll(
  session: Session,
  facts: RuleFacts,
  course: Course,
  control: RunControl,
  onRows: (rows: number) => void,
): Promise<'done' | 'time' | 'stopped'> {
  const { pauseMs } = facts.rule;
  const deadline = deadlineOf(facts.rule, control);
  for (let withoutEffect = 0; ;) {
    if (control.signal.aborted) return 'stopped';
    if (performance.now() >= deadline) return 'time';
    if (!(await standbysAreNear(session, facts.rule, course.notes, { deadline, signal: control.signal }))) continue;
    const batch = await patientBatch(session, facts, course, control.signal);
    Object.assign(course, { holds: batch.holds, target: batch.target, deleted: course.deleted + batch.deleted });
    if (batch.picked === 0) return 'done';
    course.batches += 1;
    onRows(batch.deleted);
    // Rows that changed between picking and removing are found by the next one; a trigger that returns null keeps them for ever.
    withoutEffect = batch.deleted === 0 ? withoutEffect + 1 : 0;
    if (withoutEffect === 3)
      throw new DbctlError(
        'sql.failed',
        `a trigger of the table keeps rows: ${batch.picked} were picked three times, and none was removed`,
      );
    await sleep(Math.min(pauseMs, Math.max(0, deadline - performance.now())), undefined, { signal: control.signal }).catch(
      () => {},
    );
  }
}

/** One batch, tried again where a lock was not granted, and with fewer rows where the server ran out of time for it. */
async function patientBatch(session: Session, facts: RuleFacts, course: Course, signal: AbortSignal): Promise<Batch> {
  for (let tries = 1; ;) {
    try {
      return await removeBatch(session, facts, course.size);
    } catch (thrown) {
      const { sqlstate } = thrown as Partial<DbctlError>;
      if (sqlstate === '57014' && course.size > 1) {
        course.size = Math.max(1, Math.floor(course.size / 2));
        course.notes.add(
          `A batch took longer than statement_timeout: made smaller, at last ${course.size} rows. Look at its index: dbctl retention plan.`,
        );
        continue;
      }
      if (!worthRetrying(thrown) || tries >= LOCK_TRIES || signal.aborted) throw thrown;
      await lockPause(tries, signal);
      tries += 1;
    }
  }
}

async function outcome(
  session: Session,
  facts: RuleFacts,
  course: Course,
  state: RuleOutcome['state'],
  problem: string | null,
): Promise<RuleOutcome> {
  const { rule, cutOff } = facts;
  const { deleted, batches, holds } = course;
  // The answer about the rows that are gone must not fail for what is left.
  const left = await readBacklog(session, { ...facts, target: course.target }, 'counted').catch(() => null);
  const horizon = deleted === 0 ? null : await whatHoldsTheHorizon(session).catch(() => null);
  if (state === 'done' && left !== null && left.rows > 0)
    course.notes.add(`${rule.name}: ${left.rows} rows are locked by other sessions or came meanwhile: the next run takes them.`);
  if (horizon !== null) course.notes.add(`Dead rows stay in the table, because of ${horizon}.`);
  return {
    rule,
    state,
    cutOff,
    deleted,
    batches,
    left,
    holds,
    problem,
    grants: [],
    words: null,
    notes: [...course.notes],
    more: {},
  };
}
