import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { readCatalogue, type Catalogue } from '../backup/catalogue.ts';
import { databaseOption, withClientEnvironment } from '../backup/client-environment.ts';
import { PARTS } from '../backup/parts.ts';
import type { LogicalManifest } from '../backup/manifest.ts';
import { programRunner } from '../backup/programs.ts';
import { requireProgram } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { runClient } from '../tools/run.ts';
import type { CheckedPart } from './catalogue-difference.ts';
import { catalogueOf } from './compare.ts';
import { compareParts, factsOf } from './parts-compare.ts';
import { settleParts, type SettledParts } from './parts-plan.ts';
import { localeProblems, readTarget } from './preflight.ts';
import type { RestoreInputs } from './restore.ts';
import { planParts, type PartsWish } from './selection.ts';
import { parseToc, type TocEntry } from './toc.ts';

/** What would be restored of a backup that is at hand, and what that needs. */
export interface PreparedParts extends SettledParts {
  readonly catalogue: Catalogue;
}

/**
 * Reads the dump in `folder` for some tables or schemas, and looks at the database for what is there already. Changes nothing.
 * Fails with refused where the dump does not have them, or where they must not be restored: the message names every reason.
 */
export async function prepareParts(
  session: Session,
  folder: string,
  wish: PartsWish,
  inputs: RestoreInputs,
): Promise<PreparedParts> {
  const { manifest } = inputs;
  const was = await catalogueOf(folder);
  if (was === null) {
    return fail('refused', `${manifest.id} was made before backups told of their catalogues`, {
      hint: 'Restore it whole into a database beside, and copy the table from there.',
    });
  }
  const toc = await readToc(session, folder, inputs);
  const plan = planParts(toc, wish);
  if (plan.unknown.length > 0) {
    fail(
      'refused',
      `${manifest.id} has no ${plan.unknown.map((one) => (one.startsWith('schema ') ? one : `table ${one}`)).join(', no ')}`,
      {
        hint: 'Names are taken as they are, with their schema and without quotes: --table app.orders.',
      },
    );
  }
  const is = await inTransaction(session, 'isolation level repeatable read, read only', () => readCatalogue(session));
  const settled = settleParts(toc, plan, was.facts, is.facts);
  const problems = [...settled.problems, ...(await targetProblems(session, manifest, settled, was))];
  if (problems.length > 0) {
    fail('refused', `nothing was restored into ${session.database}: ${problems.join('; ')}`, {
      hint: 'Restore into an empty database beside, and move the rows from there: runbooks/restore-one-table.md.',
    });
  }
  return { ...settled, catalogue: was };
}

/** What pg_restore says a dump is made of. */
async function readToc(session: Session, folder: string, { tools, manifest, signal }: RestoreInputs): Promise<TocEntry[]> {
  const program = await requireProgram('pg_restore', tools, majorOf(session.serverVersion));
  const args = ['--list', '--verbose', join(folder, PARTS.dump)];
  const { status, stdout, stderr } = await runClient(program, { args, paths: [folder], signal });
  if (status !== 0 || stderr.trim() !== '') {
    fail('backup.failed', `pg_restore: ${stderr.trim().split('\n')[0] ?? `exit ${status}`}`, {
      hint: 'Take another backup: dbctl backup list.',
    });
  }
  return parseToc(
    stdout,
    manifest.source.roles.map(({ name }) => name),
  );
}

async function targetProblems(
  session: Session,
  { source }: LogicalManifest,
  parts: SettledParts,
  was: Catalogue,
): Promise<string[]> {
  const target = await readTarget(session);
  const [from, to] = [majorOf(source.serverVersion), majorOf(session.serverVersion)];
  const said = factsOf(parts, was.facts)
    .map((fact) => fact.said)
    .join('\n');
  // A name that is part of another word asks for a role too many, never for one too few.
  const roles = source.roles.filter(({ name }) => said.includes(name) || parts.entries.some(({ owner }) => owner === name));
  const missing = [...roles.map(({ name }) => name), ...parts.entries.map(({ owner }) => owner)].filter(
    (name) => name !== '' && !target.roles.includes(name),
  );
  const extensions = parts.entries.filter(({ kind }) => kind === 'EXTENSION').map(({ name }) => name);
  return [
    ...(to < from ? [`it is of PostgreSQL ${to}, and the backup of ${from}`] : []),
    ...localeProblems(source, target),
    ...[...new Set(missing)].map((name) => `the role ${name} is missing`),
    ...extensions
      .filter((name) => !target.extensions.includes(name))
      .map((name) => `the extension ${name} is not available on this server`),
  ];
}

/**
 * Restores what was prepared in one transaction: all of it or nothing, beside whatever is there. Never with --clean, never with
 * --disable-triggers. Then compares it with what was seen when the backup was made.
 * Fails with backup.failed when pg_restore says a word: nothing was restored then.
 */
export async function restoreParts(
  session: Session,
  folder: string,
  parts: PreparedParts,
  inputs: RestoreInputs,
): Promise<readonly CheckedPart[]> {
  const { target, tools, signal, progress, manifest } = inputs;
  const program = await requireProgram('pg_restore', tools, majorOf(session.serverVersion));
  const step = progress.step('restore');
  await withListFile(parts.entries, (list) =>
    withClientEnvironment(target, session, (environment) =>
      programRunner(environment, signal)(
        program,
        [
          '--format=directory',
          '--single-transaction',
          '--exit-on-error',
          `--use-list=${list}`,
          '--no-password',
          `--dbname=${databaseOption(session.database)}`,
          join(folder, PARTS.dump),
        ],
        [folder, list],
        'Nothing was restored. Mend what it says, and run it again.',
      ),
    ),
  );
  step.done();
  const compare = progress.step('compare', parts.tables.length);
  const compared = await compareParts(session, parts, manifest.fingerprint, parts.catalogue.facts, (name) =>
    compare.tick(1, name),
  );
  compare.done();
  return compared;
}

async function withListFile<T>(entries: readonly TocEntry[], use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dbctl-list-'));
  try {
    const path = join(folder, 'list');
    await writeFile(path, entries.map(({ line }) => `${line}\n`).join(''), { mode: 0o600 });
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
