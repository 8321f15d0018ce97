import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { literal } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { withClientEnvironment, type ClientEnvironment } from '../backup/client-environment.ts';
import { RESTRICT_KEY } from '../backup/parts.ts';
import { readSequences, type SequenceFingerprint } from '../backup/fingerprint.ts';
import { programRunner } from '../backup/programs.ts';
import { hashTree } from '../backup/repository.ts';
import { requireRights } from '../backup/source.ts';
import { parseToc } from '../restore/toc.ts';
import { namingLocks } from '../backup/table-locks.ts';
import { requireProgram, type ToolPlaces } from '../tools/find.ts';
import { majorOf, type ClientProgram, type ClientProgramName } from '../tools/program.ts';
import { runClient } from '../tools/run.ts';
import { readColumns } from './columns.ts';
import { planMasking, SALT, type MaskedTable, type MaskingPlan, type MaskingSettings } from './plan.ts';

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

/** Definitions that hold logins of other servers. */
const SECRET_KINDS = new Set(['USER MAPPING', 'SUBSCRIPTION', 'SUBSCRIPTION TABLE']);
const KEPT = 'Nothing was written. Mend what it says, and run it again.';

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
    await mkdir(join(made, 'data'), { recursive: true, mode: 0o700 });
    const written = await withClientEnvironment(inputs.target, session, (environment) =>
      inTransaction(session, 'isolation level repeatable read, read only', () =>
        writeParts(session, { ...inputs, ...programs, environment, making, made }),
      ),
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

interface Writing extends MaskedDumpInputs {
  readonly dump: ClientProgram;
  readonly restore: ClientProgram;
  readonly psql: ClientProgram;
  readonly environment: ClientEnvironment;
  readonly making: string;
  readonly made: string;
}

async function writeParts(session: Session, writing: Writing): Promise<Omit<MaskedDump, 'bytes'>> {
  const [row] = await session.rows<{ snapshot: string; at: string }>(
    `select pg_catalog.pg_export_snapshot() as snapshot,
            pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
  );
  const { snapshot = '', at = '' } = row ?? {};
  const plan = decided(session, planMasking(await readColumns(session), writing.settings));
  const sequences = await readSequences(session);
  const step = writing.progress.step('write masked rows');
  await namingLocks(session, writing, () => writeDefinitions(snapshot, writing));
  const rows = await writeRows(plan.tables, snapshot, writing);
  await writeFile(join(writing.made, 'load.sql'), loadScript(plan.tables, sequences), { mode: 0o600 });
  step.done();
  return { ...plan, snapshotAt: at, rows };
}

async function writeDefinitions(
  snapshot: string,
  { dump, restore, environment, making, made, signal, lockWaitMs }: Writing,
): Promise<void> {
  const run = programRunner(environment, signal);
  const archive = join(making, 'definitions');
  const common = ['--no-owner', '--no-privileges', '--no-publications', '--no-subscriptions', '--no-security-labels'];
  const how = [
    '--format=custom',
    '--schema-only',
    `--snapshot=${snapshot}`,
    `--lock-wait-timeout=${lockWaitMs}`,
    '--no-password',
  ];
  await run(dump, [...how, ...common, `--file=${archive}`], [making], KEPT);
  const { stdout } = await runClient(restore, { args: ['--list', archive], paths: [making], signal });
  const list = join(making, 'list');
  const lines = parseToc(stdout, [])
    .filter(({ kind }) => !SECRET_KINDS.has(kind))
    .map(({ line }) => `${line}\n`);
  await writeFile(list, lines.join(''), { mode: 0o600 });
  for (const section of ['pre-data', 'post-data']) {
    const into = `--file=${join(made, `${section}.sql`)}`;
    await run(
      restore,
      [`--section=${section}`, `--use-list=${list}`, ...common, `--restrict-key=${RESTRICT_KEY}`, into, archive],
      [making],
      KEPT,
    );
  }
}

/** One psql for all: the salt comes on standard input, and is nowhere after it. Returns how many rows of each table came. */
async function writeRows(
  tables: readonly MaskedTable[],
  snapshot: string,
  { psql, environment, made, signal }: Writing,
): Promise<Record<string, number>> {
  const input = [
    'begin isolation level repeatable read, read only;',
    `set transaction snapshot ${literal(snapshot)};`,
    'set local search_path = pg_catalog;',
    'set local row_security = off;',
    'set local statement_timeout = 0;',
    'set local idle_in_transaction_session_timeout = 0;',
    `set local ${SALT} = ${literal(randomBytes(32).toString('hex'))};`,
    ...tables.map(({ query }, index) => `\\copy (${query}) to ${psqlQuoted(join(made, dataFile(index)))}`),
    'commit;',
  ];
  const args = ['--no-psqlrc', '--no-password', '--set=ON_ERROR_STOP=1', '--file=-'];
  const { status, stdout, stderr } = await runClient(psql, {
    args,
    variables: environment,
    paths: [made],
    input: `${input.join('\n')}\n`,
    signal,
  });
  if (status !== 0 || stderr.trim() !== '') {
    // Its first line has the place in our script; what the server says of a value is a value, and stays away.
    const said = /ERROR: {2}([^\n]*)/.exec(stderr)?.[1] ?? `exit ${status}`;
    fail('backup.failed', `psql: ${said}`, { hint: KEPT });
  }
  const counts = [...stdout.matchAll(/^COPY (\d+)$/gm)].map(([, count]) => Number(count));
  return Object.fromEntries(tables.map(({ name }, index) => [name, counts[index] ?? 0]));
}

const dataFile = (index: number): string => `data/${String(index + 1).padStart(4, '0')}.copy`;
const psqlQuoted = (path: string): string => `'${path.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;

/** What loads it: definitions, rows, what needs rows. Triggers come last, and do not fire. */
function loadScript(tables: readonly MaskedTable[], sequences: readonly SequenceFingerprint[]): string {
  const set = sequences
    .filter(({ name, lastValue }) => lastValue !== null && !name.startsWith('dbctl.'))
    .map(({ name, lastValue }) => {
      const dot = name.indexOf('.');
      const regclass = `${quoted(name.slice(0, dot))}.${quoted(name.slice(dot + 1))}`;
      return `select pg_catalog.setval(${literal(regclass)}, ${lastValue});`;
    });
  return [
    '-- In this folder: psql -X -1 -f load.sql "$(dbctl dev url)"',
    '\\set ON_ERROR_STOP on',
    '\\ir pre-data.sql',
    ...tables.map(({ into }, index) => `\\copy ${into} from '${dataFile(index)}'`),
    ...set,
    '\\ir post-data.sql',
    '',
  ].join('\n');
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What a developer is told: which columns are not what they were, and how many rows there are. No host and no name of a role. */
const described = (session: Session, { tables, empty, rows, snapshotAt }: Omit<MaskedDump, 'bytes'>) => ({
  format: 'dbctl-masked/1',
  database: session.database,
  serverVersion: session.serverVersion,
  snapshotAt,
  tables: tables.map(({ name, masked }, index) => ({ name, file: dataFile(index), rows: rows[name] ?? 0, masked })),
  empty,
});
