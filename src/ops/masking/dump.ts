import { chmod, mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { withClientEnvironment } from '../backup/client-environment.ts';
import { readSequences } from '../backup/fingerprint.ts';
import { hashTree } from '../backup/repository.ts';
import { inSnapshot, type Snapshot } from '../backup/snapshot.ts';
import { requireRights } from '../backup/source.ts';
import { namingLocks } from '../backup/table-locks.ts';
import { requireProgram, type ToolPlaces } from '../tools/find.ts';
import { majorOf, type ClientProgramName } from '../tools/program.ts';
import { readColumns } from './columns.ts';
import { writeDefinitions, type DefinitionsRequest } from './definitions.ts';
import { loadScript } from './load-script.ts';
import { planMasking, type MaskingPlan, type MaskingSettings } from './plan.ts';
import { dataFile, writeRows, type RowsRequest } from './rows.ts';

export interface MaskedDumpInputs {
  /** Absolute; not there yet, or empty. */
  readonly folder: string;
  readonly target: ConnectionTarget;
  readonly tools: ToolPlaces;
  readonly settings: MaskingSettings;
  readonly lockWaitMs: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface MaskedDump extends MaskingPlan {
  readonly snapshotAt: string;
  readonly rows: Readonly<Record<string, number>>;
  readonly bytes: number;
}

/** What would be dumped, and how. Fails with db.denied where the role does not see all, with refused naming every column nobody decided about. */
export async function prepareMasking(session: Session, settings: MaskingSettings): Promise<MaskingPlan> {
  await requireRights(session);
  const columns = await inTransaction(session, 'isolation level repeatable read, read only', () => readColumns(session));
  return decided(session, planMasking(columns, settings));
}

function decided(session: Session, plan: MaskingPlan): MaskingPlan {
  if (plan.problems.length === 0) return plan;
  return fail('refused', `nothing of ${session.database} was written: ${plan.problems.join('; ')}`, {
    hint: 'Say for each column in backup.masking.columns what developers see, or name its table in without_rows.',
  });
}

/**
 * Writes a dump for developers: values are masked by the server, in the query that copies them, so that none leaves it as it is. Definitions,
 * rows and a script to load them; no roles, owners, grants, statistics, large objects, subscriptions and user mappings. The folder appears
 * whole or not at all. The session must be one of its own: a transaction stays open in it.
 */
export async function writeMaskedDump(session: Session, inputs: MaskedDumpInputs): Promise<MaskedDump> {
  await requireEmpty(inputs.folder);
  await requireRights(session);
  const program = (name: ClientProgramName) => requireProgram(name, inputs.tools, majorOf(session.serverVersion));
  const programs = { dump: await program('pg_dump'), restore: await program('pg_restore'), psql: await program('psql') };
  const making = await mkdtemp(`${inputs.folder}.partial-`);
  try {
    const made = join(making, 'dump');
    const written = await withClientEnvironment(inputs.target, session, (environment) =>
      namingLocks(session, inputs, async () => {
        await rm(made, { recursive: true, force: true });
        await mkdir(join(made, 'data'), { recursive: true, mode: 0o700 });
        return inSnapshot(session, inputs.lockWaitMs, (snapshot) =>
          writeParts(session, snapshot, { ...inputs, ...programs, environment, making, made }),
        );
      }),
    );
    const files = await hashTree(made, () => {});
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    await writeFile(join(made, 'masked.json'), `${JSON.stringify({ ...described(session, written), files }, null, 1)}\n`, {
      mode: 0o600,
    });
    for (const { path } of files) await chmod(join(made, path), 0o600);
    await rmdir(inputs.folder).catch(() => {});
    await rename(made, inputs.folder);
    return { ...written, bytes };
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

async function requireEmpty(folder: string): Promise<void> {
  const there = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return [];
    return fail('refused', `${folder} is no empty folder: ${thrown.code}`, { hint: 'Name a folder that is not there yet.' });
  });
  if (there.length > 0) fail('refused', `${folder} is not empty`, { hint: 'Name a folder that is not there yet.' });
  await readdir(dirname(folder)).catch(() =>
    fail('refused', `there is no folder ${dirname(folder)}`, { hint: 'Make it first.' }),
  );
}

type Writing = MaskedDumpInputs & Omit<DefinitionsRequest, 'snapshot'> & Pick<RowsRequest, 'psql'>;

async function writeParts(session: Session, { name, at }: Snapshot, writing: Writing): Promise<Omit<MaskedDump, 'bytes'>> {
  const plan = decided(session, planMasking(await readColumns(session), writing.settings));
  const sequences = await readSequences(session);
  const step = writing.progress.step('write masked rows');
  await writeDefinitions(session, { ...writing, snapshot: name });
  const rows = await writeRows(plan.tables, { ...writing, snapshot: name, serverVersion: session.serverVersion });
  await writeFile(join(writing.made, 'load.sql'), loadScript(plan.tables, sequences), { mode: 0o600 });
  step.done();
  return { ...plan, snapshotAt: at, rows };
}

/** What a developer is told: which columns are not what they were, and how many rows there are. No host and no name of a role. */
const described = (session: Session, { tables, empty, rows, snapshotAt }: Omit<MaskedDump, 'bytes'>) => ({
  format: 'dbctl-masked/1',
  database: session.database,
  serverVersion: session.serverVersion,
  snapshotAt,
  tables: tables.map(({ name, masked }, index) => ({ name, file: dataFile(index), rows: rows[name] ?? 0, masked })),
  empty,
});
