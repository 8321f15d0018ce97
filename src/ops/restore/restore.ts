import { join } from 'node:path';
import type { Progress } from '../../core/progress.ts';
import type { Session } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { withClientEnvironment } from '../backup/client-environment.ts';
import { PARTS } from '../backup/parts.ts';
import type { LogicalManifest } from '../backup/manifest.ts';
import { programRunner } from '../backup/programs.ts';
import { whileUnfinished } from '../backup/unfinished.ts';
import type { Repository } from '../backup/repository.ts';
import { requireProgram, type ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { withBackupFolder } from './bring.ts';
import { inTransaction } from '../../db/transaction.ts';
import { readCatalogue } from '../backup/catalogue.ts';
import { catalogueOf, compareRestored, type Comparison } from './compare.ts';
import { applyDatabaseSteps, databaseSteps } from './database-facts.ts';
import { whileGrowing } from './growth.ts';
import { requireRestorable } from './preflight.ts';

export interface RestoreInputs {
  readonly repository: Repository;
  readonly manifest: LogicalManifest;
  readonly target: ConnectionTarget;
  readonly tools: ToolPlaces;
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Called when every row is there, and nothing was compared yet. */
  readonly onLoaded?: () => void;
}

export interface Restored extends Comparison {
  /** What could not be set at the database itself, one sentence each: the comparison finds it missing. */
  readonly refused: readonly string[];
}

/**
 * Restores a logical backup into an empty database and compares it with what was seen when it was made. Never with --clean, which drops
 * protected tables, and never with --disable-triggers, which turns ALWAYS into ORIGIN.
 * Fails with refused before anything is touched, with backup.failed when pg_restore says a word: the database is then half made.
 */
export async function restoreLogical(session: Session, inputs: RestoreInputs): Promise<Restored> {
  await requireRestorable(session, inputs.manifest);
  return withBackupFolder(inputs, (folder) => restoreFrom(session, folder, inputs));
}

/** The same from a folder whose files are known to be as they were sealed. */
export async function restoreFrom(session: Session, folder: string, inputs: RestoreInputs): Promise<Restored> {
  const { manifest, progress, signal } = inputs;
  await requireRestorable(session, manifest);
  const program = await requireProgram('pg_restore', inputs.tools, majorOf(session.serverVersion));
  const step = progress.step('restore', manifest.source.sizeBytes, 'bytes');
  await whileUnfinished(session, manifest.id, () =>
    whileGrowing(session, step, () =>
      withClientEnvironment(inputs.target, session, (environment) =>
        programRunner(environment, signal)(
          program,
          [
            '--format=directory',
            `--jobs=${inputs.jobs}`,
            '--exit-on-error',
            '--no-password',
            `--dbname=${session.database}`,
            join(folder, PARTS.dump),
          ],
          [folder],
          'The database is half made: drop it, mend what it says, and restore into a fresh one.',
        ),
      ),
    ),
  );
  step.done();
  const refused = await restoreDatabaseFacts(session, folder);
  inputs.onLoaded?.();
  const compare = progress.step('compare', manifest.fingerprint.tables.length);
  const comparison = await compareRestored(session, { ...inputs, folder, onTable: (name) => compare.tick(1, name) });
  compare.done();
  return { ...comparison, refused };
}

/** What a dump leaves out: owner, grants, limit, comment and settings of the database itself. What the server refused, one sentence each. */
async function restoreDatabaseFacts(session: Session, folder: string): Promise<string[]> {
  const was = await catalogueOf(folder);
  if (was === null) return [];
  const is = await inTransaction(session, 'isolation level repeatable read, read only', () => readCatalogue(session));
  return applyDatabaseSteps(session, databaseSteps(session.database, was.database, is.database));
}
