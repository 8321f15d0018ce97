import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../core/progress.ts';
import type { Step } from '../core/step.ts';
import type { Session } from './session.ts';
import { worthRetrying } from './transaction.ts';

/** DDL of this kind needs its table for a few milliseconds; whoever waits for it longer holds up every writer behind it. */
const LOCK_TIMEOUT_MS = 500;
const ATTEMPTS = 20;

/**
 * Does the steps in order, each in a transaction of its own; one that does not get its lock is tried again.
 * Fails with lock.held or sql.failed; the steps before the failed one stay done.
 */
export async function applySteps(session: Session, steps: readonly Step[], progress: Progress): Promise<void> {
  for (const step of steps) {
    const shown = progress.step(`${step.object}: ${step.id}`);
    try {
      await inOneTransaction(session, step.sql ?? '');
      shown.done();
    } catch (thrown) {
      shown.failed();
      throw thrown;
    }
  }
}

async function inOneTransaction(session: Session, sql: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await session.script(
        `begin;\nset local lock_timeout = ${LOCK_TIMEOUT_MS};\nset local search_path = pg_catalog;\n${sql};\ncommit;`,
      );
      return;
    } catch (thrown) {
      await session.script('rollback').catch(() => {});
      if (attempt === ATTEMPTS || !worthRetrying(thrown)) throw thrown;
      await sleep(100 + Math.random() * 400);
    }
  }
}
