// SIGKILL in the steps of a rule that archives, and what is wrong after the runs that follow.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, OLD_ROWS, until, type ArchivingProject, type Login } from './archiving.ts';
import { appears, held, heldAtEnd, locked, programsIn, silent, writing, type CrashPoint } from './archiving-traps.ts';

/** Of DuckDB as the writer of Parquet, besides those of every writer in the steps that copy. */
const IN_DUCKDB: CrashPoint = { name: '3 while DuckDB writes', after: [], who: 'archiver', trap: writing };

/** Of each of the seven steps: plan, fence, export, read back, manifest and seal, record, verification, removal. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  {
    name: '1 while it looks',
    after: [],
    who: 'archiver',
    trap: held('lock table dbctl.archive_keep in access exclusive mode', 'archive_keep'),
  },
  {
    name: '2 before the fence',
    after: [],
    who: 'archiver',
    trap: held(`insert into app.log (at) values ('2024-01-15Z')`, 'fence_partition'),
  },
  { name: '2 behind the fence', after: [], who: 'archiver', trap: locked },
  { name: '3 while it copies', after: [], who: 'archiver', only: 'folder', trap: appears(/^\.partial-/) },
  { name: '3 while it stores', after: [], who: 'archiver', only: 's3', trap: silent('PUT', /rows\./) },
  { name: '4 while it reads back', after: [], who: 'archiver', only: 'folder', trap: appears(/^[^.].*rows\.(?!.*tmp)/) },
  { name: '4 while it reads back', after: [], who: 'archiver', only: 's3', trap: silent('GET', /rows\./) },
  { name: '5 between manifest and seal', after: [], who: 'archiver', only: 'folder', trap: appears(/^[^.].*manifest\.json$/) },
  { name: '5 between manifest and seal', after: [], who: 'archiver', only: 's3', trap: silent('PUT', /manifest\.note$/) },
  {
    name: '5 sealed, and not recorded',
    after: [],
    who: 'archiver',
    trap: held('lock table dbctl.archive_segment in share mode', 'record_segment'),
  },
  {
    name: '5 recorded, and the run not',
    after: [],
    who: 'archiver',
    trap: heldAtEnd('lock table dbctl.archive_segment in share mode', 'record_segment'),
  },
  { name: '6 while somebody else reads back', after: ['archiver'], who: 'checker', only: 's3', trap: silent('GET', /rows\./) },
  {
    name: '6 read back, and not recorded',
    after: ['archiver'],
    who: 'checker',
    trap: held('lock table dbctl.archive_event in share mode', 'verify_segment'),
  },
  {
    name: '6 one recorded, and the next not',
    after: ['archiver'],
    who: 'checker',
    trap: held('lock table app.log_2024_02 in access exclusive mode', 'hotBytes'),
  },
  {
    name: '7 while it reads the copy again',
    after: ['archiver', 'checker'],
    who: 'archiver',
    only: 's3',
    trap: silent('GET', /rows\./),
  },
  {
    name: '7 before the partition goes',
    after: ['archiver', 'checker'],
    who: 'archiver',
    trap: held('select from app.log', 'remove_partition'),
  },
  {
    name: '7 in the middle of the removal',
    after: ['archiver', 'checker'],
    who: 'archiver',
    trap: held('lock table dbctl.archive_event in share mode', 'remove_partition'),
  },
  {
    name: '7 one removed, and the next not',
    after: ['archiver', 'checker'],
    who: 'archiver',
    trap: held('select from app.log_2024_02', 'remove_partition'),
  },
  {
    name: '7 removed, and the run not recorded',
    after: ['archiver', 'checker'],
    who: 'archiver',
    trap: heldAtEnd('select from app.log_2024_02', 'remove_partition'),
  },
];

/** Where DuckDB is the writer: the steps that copy. */
export const DUCKDB_CRASH_POINTS: readonly CrashPoint[] = [IN_DUCKDB, ...CRASH_POINTS.filter(({ name }) => /^[2-5]/.test(name))];

export const actOf = (who: Login): string[] =>
  who === 'checker' ? ['retention', 'verify', '--record'] : ['retention', 'run', '--yes'];

/** Starts the command, kills it where the trap holds it, and frees what the trap held. The signal that ended it. */
export async function killAt(
  lab: ArchivingProject,
  point: CrashPoint,
  args: readonly string[] = actOf(point.who),
): Promise<NodeJS.Signals | null> {
  const trap = await point.trap(lab);
  const child = lab.start(point.who, ...args);
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_status, signal) => resolve(signal)));
  try {
    await trap.seen();
  } finally {
    child.kill('SIGKILL');
  }
  const signal = await ended;
  await trap.free();
  await endSessions(lab);
  return signal;
}

/** The server notices that nobody is there any more when it next looks. */
export async function endSessions(lab: ArchivingProject): Promise<void> {
  await lab.rows(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'dbctl%' and datname = current_database()`,
  );
  await until('no session left', async () => {
    const [row] = await lab.rows<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where application_name like 'dbctl%' and datname = current_database()`,
    );
    return row?.n === 0;
  });
}

/** What is wrong with where everything is after the runs that followed; empty: nothing is lost, nothing counts twice, nothing is left. */
export async function whatIsWrong(lab: ArchivingProject, before: bigint): Promise<string[]> {
  const problems: string[] = [];
  const [cold] = await lab.rows<{ rows: number; hash: string; removed: number; partitions: number }>(
    `select coalesce(sum(s.rows), 0)::int as rows, coalesce(sum(s.rows_hash::numeric), 0)::text as hash, count(*)::int as removed,
            count(distinct s.partition_name)::int as partitions
     from dbctl.archive_segment s join dbctl.archive_event e on e.segment = s.segment and e.kind = 'removed'`,
  );
  const hot = await hashOf(lab);
  if (cold?.rows !== 2 * OLD_ROWS || hot.rows !== 10) problems.push(`${hot.rows} rows hot and ${cold?.rows} cold`);
  if (hot.hash + BigInt(cold?.hash ?? 0) !== before) problems.push('the sum of the hashes is another one');
  if (cold?.removed !== 2 || cold.partitions !== 2)
    problems.push(`${cold?.removed} copies count, of ${cold?.partitions} partitions`);
  const verified = await lab.dbctl('archiver', 'retention', 'verify');
  if (!verified.ok || verified.items.length !== 2) problems.push(`retention verify: ${verified.stdout}`);
  const [left] = await lab.rows<{ n: number }>(`select count(*)::int as n from pg_constraint where conname = 'dbctl_fence'`);
  if (left?.n !== 0) problems.push('a fence is left');
  await until('no program left', () => programsIn(lab).length === 0, 20).catch(() =>
    problems.push(...programsIn(lab).map(({ line }) => `still runs: ${line.slice(0, 100)}`)),
  );
  return [...problems, ...leftFiles(lab)];
}

const KNOWN = /^[^/.][^/]*\/(?:rows\.(?:csv\.gz|parquet)|windows\.csv|manifest\.json|manifest\.note)$/;

/** By which dbctl has found out that the bucket knows conditions: it stays, empty. */
const TRIAL = '.dbctl-000000000000.tmp';

export function leftFiles({ s3, cold, folder }: ArchivingProject): string[] {
  const stored = s3 === null ? [...filesIn(cold).keys()] : s3.bucket.keys().map((key) => key.replace(/^cold\//, ''));
  const work = s3 !== null && existsSync(cold) ? readdirSync(cold) : [];
  const open = s3 === null ? [] : [...filesIn(join(folder, 'cold')).keys()];
  return [...stored.filter((name) => !KNOWN.test(name)), ...work, ...open]
    .filter((name) => name !== '.lock' && name !== TRIAL)
    .map((name) => `left behind: ${name}`);
}

/** Hot rows, and the sum of their hashes as dbctl.rows_hash() has it. */
export async function hashOf(lab: ArchivingProject): Promise<{ readonly rows: number; readonly hash: bigint }> {
  const [row] = await lab.rows<{ rows: number; hash: string }>(
    `select sum(h.rows)::int as rows, sum(h.hash::numeric)::text as hash
     from pg_partition_tree('app.log') t cross join lateral dbctl.rows_hash(t.relid, 'record') h where t.isleaf`,
  );
  return { rows: row?.rows ?? 0, hash: BigInt(row?.hash ?? 0) };
}

/** One case: killed there, then the next runs, each to its end. What is wrong afterwards. */
export async function crashAndGoOn(lab: ArchivingProject, point: CrashPoint): Promise<string[]> {
  const before = (await hashOf(lab)).hash;
  for (const who of point.after) await lab.dbctl(who, ...actOf(who));
  const signal = await killAt(lab, point);
  const problems = signal === 'SIGKILL' ? [] : [`it had ended before it was killed`];
  for (const who of ['archiver', 'checker', 'archiver'] as const) {
    const report = await lab.dbctl(who, ...actOf(who));
    if (!report.ok) problems.push(`${who}: ${report.error?.message ?? report.items.map(({ message }) => message).join('; ')}`);
  }
  return [...problems, ...(await whatIsWrong(lab, before))];
}
