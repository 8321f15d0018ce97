import { DbctlError, fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import type { Step } from '../../core/step.ts';
import { withAdvisoryLock } from '../../db/advisory-lock.ts';
import { withSession, type Session, type SessionOptions } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SOMEONE_ELSE_CREATED_IT } from '../../runtime/sqlstate/classes.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';

/** Without a limit: a database is copied from its template as long as that takes. */
const SESSION = { access: 'write', applicationName: 'dbctl db create', statementTimeoutMs: 0 } as const;

/** One session on the cluster, in a database that every cluster has. Fails like withSession. */
export async function withCluster<T>(
  target: ConnectionTarget,
  options: Pick<SessionOptions, 'signal'> & { readonly access?: 'read' },
  use: (session: Session) => Promise<T>,
): Promise<T> {
  try {
    return await withSession({ ...target, database: 'postgres' }, { ...SESSION, ...options }, use);
  } catch (thrown) {
    // It may be dropped like any other, and template1 stays.
    if (!(thrown instanceof DbctlError) || thrown.sqlstate !== '3D000') throw thrown;
    return withSession({ ...target, database: 'template1' }, { ...SESSION, ...options }, use);
  }
}

/** Copying the template and making extensions took 3 s on a busy machine; a person who is asked takes longer. */
const OTHER_RUN_MS = 120_000;

/**
 * One run at a time in a cluster: roles are of all of it, and two that make the same one meet in the catalogs. The others find what the first
 * one made. Fails with lock.held, naming who holds it, after two minutes.
 */
export function oneAtATime<T>(cluster: Session, signal: AbortSignal, use: () => Promise<T>): Promise<T> {
  return withAdvisoryLock(cluster, 'databases', { waitMs: OTHER_RUN_MS, signal }, use);
}

/** CREATE DATABASE, which runs outside of transactions. False: it was made in the same moment, by somebody who does not use dbctl. */
export async function createOnce(session: Session, { sql }: Step): Promise<boolean> {
  try {
    await session.script(sql ?? '');
    return true;
  } catch (thrown) {
    if (thrown instanceof DbctlError && SOMEONE_ELSE_CREATED_IT.has(thrown.sqlstate ?? '')) return false;
    throw thrown;
  }
}

/** All steps in one transaction. Fails with what the server says to one of them. */
export async function doSteps(session: Session, steps: readonly Step[], progress: Progress): Promise<void> {
  if (steps.length === 0) return;
  const shown = progress.step('make roles, settings and extensions', steps.length);
  await inTransaction(session, 'read write', async () => {
    for (const { sql, summary } of steps) {
      if (sql === null) fail('internal', `${summary} has no statement`);
      await session.script(sql);
      shown.tick(1);
    }
  }).catch((thrown: unknown) => {
    shown.failed();
    throw thrown;
  });
  shown.done();
}
