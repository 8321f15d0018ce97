import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError, fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { worthRetrying } from '../../db/transaction.ts';
import type { MigrationFile } from './file.ts';
import { describeOpenTransactions } from './blockers.ts';
import { appliedRecord, failedRecord } from './run-record.ts';
import type { MigrateSettings } from './settings.ts';

export interface TransactionalRun {
  readonly session: Session;
  readonly settings: MigrateSettings;
  readonly signal: AbortSignal;
  /** Told before each pause after a lost lock wait. */
  readonly onRetry: (attempt: number, reason: string) => void;
}

/**
 * Applies one migration: its text, postgrator's history row and our log row in one message and one transaction, so that a crash at
 * any moment leaves all of it or nothing. A lost lock wait or a deadlock is tried again from the beginning.
 *
 * @param historyRow postgrator's own INSERT for this migration
 * @param last the run's last migration waits for the disk (synchronous_commit); those before it become durable with it, because a
 *   commit flushes the whole log before it. A run of a thousand small files then costs one flush instead of a thousand.
 */
export async function applyInTransaction(
  run: TransactionalRun,
  migration: MigrationFile,
  historyRow: string,
  last: boolean,
): Promise<void> {
  const { before, after } = frame(run.settings, migration, historyRow, last);
  const message = before + migration.sql + after;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const results = await run.session.script(message, {
        file: migration.file,
        text: migration.sql,
        prefix: Array.from(before).length,
      });
      return assertCommitted(migration, results.at(-1)?.command);
    } catch (thrown) {
      await run.session.script('rollback').catch(() => {});
      if (!worthRetrying(thrown) || attempt > run.settings.lockRetries) throw await giveUp(run, migration, thrown, attempt);
      run.onRetry(attempt, await describeOpenTransactions(run.session));
      await sleep(pause(attempt), undefined, { signal: run.signal });
    }
  }
}

/**
 * What goes around the file's text. The resets undo what the script may have changed for the session, so that the history rows are
 * written by us, and the next migration starts from the same settings. Search paths do not matter: every name of ours is qualified.
 */
function frame(
  settings: MigrateSettings,
  migration: MigrationFile,
  historyRow: string,
  last: boolean,
  previous?: number,
): { before: string; after: string } {
  const before = `begin;
set local lock_timeout = ${settings.lockTimeoutMs};
set local statement_timeout = ${settings.statementTimeoutMs};
`;
  const after = `
;
reset session authorization;
reset all;
${last ? '' : 'set local synchronous_commit = off;\n'}${historyRow}
${appliedRecord(migration, settings.operator, previous)}
commit;`;
  return { before, after };
}

/** A migration that goes to the server together with others. */
export interface Batched {
  readonly migration: MigrationFile;
  readonly historyRow: string;
  readonly last: boolean;
}

/**
 * Applies several migrations in one message, each still in a transaction of its own with its history row. It saves round trips where
 * nobody is waiting for a lock: on a database without history.
 *
 * @returns false when one of them failed: those before it are applied, that one was rolled back, those after it were not begun. The
 *   history tells which; apply the rest one by one to hear what is wrong.
 */
export async function applyTogether(session: Session, settings: MigrateSettings, batch: readonly Batched[]): Promise<boolean> {
  const frames = batch.map(({ migration, historyRow, last }, index) => {
    const { before, after } = frame(settings, migration, historyRow, last, batch[index - 1]?.migration.version);
    return before + migration.sql + after;
  });
  try {
    const results = await session.script(frames.join('\n'));
    return results.at(-1)?.command === 'COMMIT';
  } catch (thrown) {
    await session.script('rollback').catch(() => {});
    if (thrown instanceof DbctlError && thrown.code === 'db.unreachable') throw thrown;
    return false;
  }
}

/** COMMIT of an aborted transaction answers ROLLBACK and no error; believing it was postgrator's third wrong success. */
function assertCommitted(migration: MigrationFile, command: string | undefined): void {
  if (command === 'COMMIT') return;
  fail(
    'migration.failed',
    `${migration.file} was rolled back: its transaction ended with ${command ?? 'nothing'} instead of COMMIT`,
    {
      hint: 'Look for statements that end a transaction inside functions or DO blocks of this file.',
    },
  );
}

/** Full jitter around a doubling step, from 100 ms to 5 s: waiting runners must not come back in step. */
const pause = (attempt: number): number => Math.min(5_000, 100 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);

async function giveUp(run: TransactionalRun, migration: MigrationFile, thrown: unknown, attempts: number): Promise<unknown> {
  if (!(thrown instanceof DbctlError)) return thrown;
  const { position, sqlstate } = thrown;
  const place = position === undefined ? migration.file : `${position.file}:${position.line}:${position.column}`;
  await run.session
    .script(failedRecord(migration, run.settings.operator, `${sqlstate ?? thrown.code} at ${place}`))
    .catch(() => {});
  const waited = worthRetrying(thrown);
  const others = waited ? await describeOpenTransactions(run.session).catch(() => '') : '';
  const tries = attempts > 1 ? ` after ${attempts} tries` : '';
  return new DbctlError(
    thrown.code === 'sql.failed' ? 'migration.failed' : thrown.code,
    `${migration.file}${tries}: ${thrown.message}`,
    {
      cause: thrown,
      ...(sqlstate === undefined ? {} : { sqlstate }),
      ...(position === undefined ? {} : { position }),
      ...(thrown.detail === undefined ? {} : { detail: thrown.detail }),
      hint: waited
        ? `Nothing of it was applied. ${others}`
        : (thrown.hint ?? 'Nothing of it was applied: mend the file and run the command again.'),
    },
  );
}
