import { join } from 'node:path';
import type { Progress } from '../../core/progress.ts';
import type { Session } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { databaseOption, withClientEnvironment } from '../backup/client-environment.ts';
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
import { requireCompression } from './compression.ts';
import { applyDatabaseSteps, databaseSteps } from './database-facts.ts';
import { whileGrowing } from './growth.ts';
import { withoutLockingOut, withoutSettings } from './later-sessions.ts';
import { requireRestorable } from './preflight.ts';

export interface RestoreInputs {
  readonly repository: Repository;
  readonly manifest: LogicalManifest;
  readonly target: ConnectionTarget;
  readonly tools: ToolPlaces;
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** True where nobody but us logs in, and our sessions take no notice of settings: those that would keep others out are restored, too. */
  readonly ownServer?: boolean;
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

/**
 * With several jobs pg_restore begins the foreign key of a partitioned table before the rows of its partitions, on which nothing in its list says
 * that it depends (seen with 18.6): each row is then looked up, with rights of an owner that come last.
 */
const ROWS_FIRST = [['--section=pre-data', '--section=data'], ['--section=post-data']];

/** The same from a folder whose files are known to be as they were sealed. */
export async function restoreFrom(session: Session, folder: string, inputs: RestoreInputs): Promise<Restored> {
  const { manifest, progress, signal } = inputs;
  await requireRestorable(session, manifest);
  await requireCompression(session, folder, { id: manifest.id, onto: `the server of ${session.database}` });
  const program = await requireProgram('pg_restore', inputs.tools, majorOf(session.serverVersion));
  return whileUnfinished(session, manifest.id, async () => {
    const step = progress.step('restore', manifest.source.sizeBytes, 'bytes');
    await whileGrowing(session, step, () =>
      withClientEnvironment(inputs.target, session, async (environment) => {
        const run = programRunner(environment, signal);
        for (const sections of inputs.jobs === 1 ? [[]] : ROWS_FIRST)
          await run(
            program,
            [
              '--format=directory',
              ...sections,
              `--jobs=${inputs.jobs}`,
              '--exit-on-error',
              '--no-password',
              `--dbname=${databaseOption(session.database)}`,
              join(folder, PARTS.dump),
            ],
            [folder],
            'The database is half made: drop it, mend what it says, and restore into a fresh one.',
          );
      }),
    );
    step.done();
    const { refused, target } = await restoreDatabaseFacts(session, folder, inputs);
    inputs.onLoaded?.();
    const compare = progress.step('compare', manifest.fingerprint.tables.length);
    const onTable = (name: string) => compare.tick(1, name);
    const comparison = await compareRestored(session, { ...inputs, target, folder, onTable });
    compare.done();
    return { ...comparison, refused };
  });
}

/**
 * What a dump leaves out: owner, grants, limit, comment and settings of the database itself. `refused` is what could not be set, one sentence
 * each; `target` opens sessions that take no notice of the settings, as those opened before do not.
 */
async function restoreDatabaseFacts(
  session: Session,
  folder: string,
  { target, ownServer = false }: RestoreInputs,
): Promise<{ readonly refused: readonly string[]; readonly target: ConnectionTarget }> {
  const was = await catalogueOf(folder);
  if (was === null) return { refused: [], target };
  const is = await inTransaction(session, 'isolation level repeatable read, read only', () => readCatalogue(session));
  const steps = databaseSteps(session.database, was.database, is.database);
  const { steps: harmless, refused } = ownServer ? { steps, refused: [] } : await withoutLockingOut(target, steps);
  const without = await withoutSettings(session, target, was.database);
  return { refused: [...refused, ...(await applyDatabaseSteps(session, harmless))], target: without };
}
