import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import type { Session } from '../../db/session.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { withClientEnvironment } from '../backup/client-environment.ts';
import { PARTS } from '../backup/create.ts';
import type { LogicalManifest, Manifest } from '../backup/manifest.ts';
import { programRunner } from '../backup/programs.ts';
import type { Repository } from '../backup/repository.ts';
import { verifyFiles } from '../backup/verify.ts';
import { requireProgram, type ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { compareRestored, type Comparison } from './compare.ts';
import { requireRestorable } from './preflight.ts';

export interface RestoreInputs {
  readonly repository: Repository;
  readonly manifest: LogicalManifest;
  readonly target: ConnectionTarget;
  readonly tools: ToolPlaces;
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Fails with backup.failed where a file of the backup is not what was sealed: nothing of it is restored then. */
export async function requireFiles({
  repository,
  manifest,
  progress,
}: Pick<RestoreInputs, 'repository' | 'progress'> & { readonly manifest: Manifest }): Promise<void> {
  const step = progress.step('hash the backup');
  const differences = await verifyFiles(repository, manifest, (bytes) => step.tick(bytes));
  step.done();
  if (differences.length === 0) return;
  fail('backup.failed', `${manifest.id} is not what was sealed: ${differences.join('; ')}`, {
    hint: 'Take another one: dbctl backup list.',
  });
}

/**
 * Restores a logical backup into an empty database and compares it with what was seen when it was made. Never with --clean, which drops
 * protected tables, and never with --disable-triggers, which turns ALWAYS into ORIGIN.
 * Fails with refused before anything is touched, with backup.failed when pg_restore says a word: the database is then half made.
 */
export async function restoreLogical(session: Session, inputs: RestoreInputs): Promise<Comparison> {
  const { manifest, repository, progress, signal } = inputs;
  await requireRestorable(session, manifest);
  await requireFiles(inputs);
  const program = await requireProgram('pg_restore', inputs.tools, majorOf(session.serverVersion));
  const folder = join(repository.folder, manifest.id);
  const step = progress.step('restore');
  await withClientEnvironment(inputs.target, session, (environment) =>
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
      'The database is half made: drop it, mend what it says, and restore into a fresh one.',
    ),
  );
  step.done();
  const compare = progress.step('compare', manifest.fingerprint.tables.length);
  const comparison = await compareRestored(session, { ...inputs, folder, onTable: (name) => compare.tick(1, name) });
  compare.done();
  return comparison;
}
