import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { withLockFile } from '../../src/ops/process/lock.ts';
import { filesIn, OLD_ROWS, until, type ArchivingProject, type Login } from './archiving.ts';

/** Where a process is frozen from outside, and killed. */
export interface CrashPoint {
  /** Step of the protocol, and what it is frozen in. */
  readonly name: string;
  /** Done before, each to its end. */
  readonly after: readonly Login[];
  /** Who is killed. */
  readonly who: Login;
  /** Where it can be seen at all; default both. */
  readonly only?: 'folder' | 's3';
  /** Sets the trap before the process starts; resolves to what waits until it is in, and what frees what the trap holds. */
  trap(lab: ArchivingProject): Promise<Trap>;
}

interface Trap {
  seen(): Promise<void>;
  free(): Promise<void>;
}

/** Holds a lock by an open transaction of somebody else. */
async function hold(lab: ArchivingProject, sql: string): Promise<pg.Client> {
  const client = await lab.another();
  await client.query('begin');
  await client.query(sql);
  return client;
}

/** A backend of dbctl waits for a lock in a statement like this one. */
const waiting = (lab: ArchivingProject, statement: string) =>
  until(`waiting in ${statement}`, async () => {
    const [row] = await lab.rows<{ there: boolean }>(
      `select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%' || $1 || '%' and application_name like 'dbctl%'
                      and datname = current_database()) as there`,
      [statement],
    );
    return row?.there === true;
  });

const held =
  (sql: string, statement: string) =>
  async (lab: ArchivingProject): Promise<Trap> => {
    const client = await hold(lab, sql);
    return { seen: () => waiting(lab, statement), free: async () => void (await client.query('rollback')) };
  };

/** Frees the first lock once the process waits for it, holding the one of the run's record: it goes on to its end, and no further. */
const heldAtEnd =
  (sql: string, statement: string) =>
  async (lab: ArchivingProject): Promise<Trap> => {
    const first = await hold(lab, sql);
    let last: pg.Client | undefined;
    return {
      seen: async () => {
        await waiting(lab, statement);
        last = await hold(lab, 'lock table dbctl.run in share mode');
        await first.query('rollback');
        await waiting(lab, 'insert into dbctl.run');
      },
      free: async () => void (await last?.query('rollback')),
    };
  };

/** The bucket never answers a request. */
const silent =
  (method: string, key: RegExp) =>
  (lab: ArchivingProject): Promise<Trap> => {
    let isIn = false;
    const { s3 } = lab;
    if (s3 === null) throw new Error('there is no bucket');
    s3.fault = (request) => {
      if (isIn || request.method !== method || !key.test(request.key)) return undefined;
      isIn = true;
      return { kind: 'silence' };
    };
    return Promise.resolve({
      seen: () => until(`${method} ${String(key)}`, () => isIn),
      free: () => {
        s3.fault = () => undefined;
        return Promise.resolve();
      },
    });
  };

/** A file is there; the process goes on, so it is killed there or a moment later. */
const appears =
  (what: RegExp) =>
  (lab: ArchivingProject): Promise<Trap> =>
    Promise.resolve({
      seen: () => until(String(what), () => [...filesIn(lab.cold).keys()].some((name) => what.test(name)), 1),
      free: () => Promise.resolve(),
    });

/** Programs that work in the folder of the project, as dbctl and its children do, and this one does not. Linux alone tells it. */
function programsIn({ folder }: ArchivingProject): { readonly pid: number; readonly line: string }[] {
  const home = realpathSync(folder);
  return (existsSync('/proc/self/cwd') ? readdirSync('/proc') : []).flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !realpathSync(`/proc/${pid}/cwd`).startsWith(home)) return [];
      return [{ pid: Number(pid), line: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
    } catch {
      // It has ended.
      return [];
    }
  });
}

/** DuckDB stands still with rows in it; it goes on when dbctl is dead, and finds that nobody is there. */
function writing(lab: ArchivingProject): Promise<Trap> {
  let pid = 0;
  return Promise.resolve({
    seen: () =>
      until(
        'DuckDB at work',
        () => {
          pid = programsIn(lab).find(({ line }) => /^\S*node\S* .*duckdb-parquet\.mjs \S+ write /.test(line))?.pid ?? 0;
          if (pid !== 0) process.kill(pid, 'SIGSTOP');
          return pid !== 0;
        },
        1,
      ),
    free: () => Promise.resolve(void process.kill(pid, 'SIGCONT')),
  });
}

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

/** Of `retention restore --attach`: after both partitions have left. */
export const ATTACH_POINTS: readonly CrashPoint[] = [
  {
    name: 'while it looks',
    after: [],
    who: 'archiver',
    trap: held('lock table dbctl.archive_return in access exclusive mode', 'archive_return'),
  },
  { name: 'while it reads the copy', after: [], who: 'archiver', only: 's3', trap: silent('GET', /rows\./) },
  {
    name: 'in the middle of the return',
    after: [],
    who: 'archiver',
    trap: held('lock table dbctl.archive_return in share mode', 'return_partition'),
  },
  {
    name: 'back, and the run not recorded',
    after: [],
    who: 'archiver',
    trap: held('lock table dbctl.run in share mode', 'insert into dbctl.run'),
  },
];

/**
 * One case: both partitions leave, the return of January is killed there, and asked for again until it is back. What is wrong afterwards: it came
 * half, twice or changed, or something is left. A server that was in the middle may finish what nobody waits for any more.
 */
export async function killReturnAndGoOn(lab: ArchivingProject, point: CrashPoint): Promise<string[]> {
  const figures = () => lab.hot().then(({ rows, hash }) => `${rows} ${hash}`);
  const whole = await figures();
  for (const who of ['archiver', 'checker', 'archiver'] as const) await lab.dbctl(who, ...actOf(who));
  const without = await figures();
  const segments = await lab.rows<{ id: string }>(
    `select detail ->> 'archive' as id from dbctl.archive_segment order by partition_name`,
  );
  const back = (id = '') => [
    'retention',
    'restore',
    id,
    '--attach',
    '--for',
    '1 day',
    '--reason',
    'an inquiry of the auditors',
    '--yes',
  ];
  const problems = (await killAt(lab, point, back(segments[0]?.id))) === 'SIGKILL' ? [] : ['it had ended before it was killed'];
  const [there] = await lab.rows<{ is: boolean }>(`select to_regclass('app.log_2024_01') is not null as is`);
  if (there?.is !== true && (await figures()) !== without) problems.push('rows are there, and the partition is not');
  const again = await lab.dbctl('archiver', ...back(segments[0]?.id));
  if (again.ok === there?.is) problems.push(`again: ${again.error?.message}`);
  if (again.error !== null && !/it is back already/.test(again.error.message)) problems.push(again.error.message);
  const other = await lab.dbctl('archiver', ...back(segments[1]?.id));
  if (!other.ok) problems.push(`the other: ${other.error?.message}`);
  if ((await figures()) !== whole) problems.push(`${await figures()} is there, and it was ${whole}`);
  const [open] = await lab.rows<{ n: number }>('select count(*)::int as n from dbctl.permit where not ended');
  if (open?.n !== 0) problems.push('a permit is open');
  const late = await lab.rows(`insert into app.log (at) values ('2024-01-15Z')`).then(
    () => 'taken',
    ({ message }: Error) => message,
  );
  if (!late.includes('dbctl_fence')) problems.push(`a row that comes late: ${late}`);
  return [...problems, ...leftFiles(lab)];
}

/** Another run of this machine uses the destination: the fence is there, and the copy waits. */
async function locked(lab: ArchivingProject): Promise<Trap> {
  mkdirSync(lab.cold, { recursive: true });
  let free: () => void = () => {};
  const freed = new Promise<void>((resolve) => (free = resolve));
  let isHeld = false;
  const done = withLockFile(join(lab.cold, '.lock'), { signal: new AbortController().signal }, async () => {
    isHeld = true;
    await freed;
  });
  await until('the lock file', () => isHeld);
  return {
    seen: () =>
      until('the fence', async () => {
        const [row] = await lab.rows<{ n: number }>(`select count(*)::int as n from pg_constraint where conname = 'dbctl_fence'`);
        return (row?.n ?? 0) > 0;
      }),
    free: async () => {
      free();
      await done;
    },
  };
}

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

function leftFiles({ s3, cold, folder }: ArchivingProject): string[] {
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

/** What happens to the stored rows of a copy behind our back. */
export const DAMAGES: readonly (readonly [what: string, act: (bytes: Buffer, other: Buffer) => Buffer | null])[] = [
  ['corrupted', (bytes) => Buffer.from(bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)))],
  ['truncated', (bytes) => bytes.subarray(0, 1_000)],
  ['deleted', () => null],
  ['swapped', (_bytes, other) => other],
];

/** Between which two steps. */
export const MOMENTS = [
  'stored, and not sealed',
  'sealed, and not recorded',
  'recorded, and not read back',
  'read back, and not removed',
] as const;
export type Moment = (typeof MOMENTS)[number];

/**
 * Damages the stored rows of January between two steps, and lets every login try. What is wrong: rows that are gone, or a damage nobody tells. Before
 * the seal it is no copy yet, and what is there is taken away; afterwards the rows stay until somebody has put the copy right.
 */
export async function damageAndGoOn(lab: ArchivingProject, moment: Moment, act: (typeof DAMAGES)[number][1]): Promise<string[]> {
  const before = (await hashOf(lab)).hash;
  const wanted = moment !== MOMENTS[0];
  if (moment === MOMENTS[0] || moment === MOMENTS[1])
    await killAt(lab, pointOf(lab, wanted ? '5 sealed, and not recorded' : '5 between manifest and seal'));
  else await lab.dbctl('archiver', ...actOf('archiver'));
  // In a folder the process goes on while its files are looked at, and may have sealed before it is killed.
  const isSealed = wanted || storedNames(lab).some((name) => /log_2024_01-.*manifest\.note$/.test(name));
  if (moment === MOMENTS[3]) await lab.dbctl('checker', ...actOf('checker'));
  const sound = damage(lab, act);
  if (sound === null) return ['there was nothing to damage'];
  const told: boolean[] = [];
  for (const who of ['archiver', 'checker', 'archiver'] as const) told.push((await lab.dbctl(who, ...actOf(who))).ok);
  if (!isSealed) return [...(told.includes(false) ? ['a run failed'] : []), ...(await whatIsWrong(lab, before))];
  const problems = told.includes(false) ? [] : ['nobody told'];
  const [there] = await lab.rows<{ n: number }>('select count(*)::int as n from app.log_2024_01').catch(() => [{ n: 0 }]);
  if (there?.n !== OLD_ROWS) problems.push(`${there?.n} rows of the damaged partition are there`);
  if ((await lab.dbctl('checker', 'retention', 'verify')).ok) problems.push('retention verify finds nothing');
  sound.putBack();
  for (const who of ['archiver', 'checker', 'archiver'] as const) await lab.dbctl(who, ...actOf(who));
  return [...problems, ...(await whatIsWrong(lab, before))];
}

const pointOf = ({ s3 }: ArchivingProject, name: string): CrashPoint =>
  CRASH_POINTS.find(
    (one) => one.name === name && (one.only ?? (s3 === null ? 'folder' : 's3')) === (s3 === null ? 'folder' : 's3'),
  ) as CrashPoint;

const storedNames = ({ s3, cold }: ArchivingProject): string[] => (s3 === null ? [...filesIn(cold).keys()] : s3.bucket.keys());

const ROWS = /log_2024_0(\d)-.*rows\./;

function damage(lab: ArchivingProject, act: (typeof DAMAGES)[number][1]): { putBack(): void } | null {
  const { s3, cold } = lab;
  const names = storedNames(lab).filter((name) => ROWS.test(name));
  const [january, february] = ['1', '2'].map((month) => names.find((name) => ROWS.exec(name)?.[1] === month));
  if (january === undefined) return null;
  const read = (name: string): Buffer => (s3 === null ? readFileSync(join(cold, name)) : s3.bucket.get(name).bytes);
  const sound = read(january);
  const bytes = act(sound, february === undefined ? Buffer.from('rows of another archive') : read(february));
  const put = (content: Buffer | null): void => {
    if (s3 !== null) (s3.bucket.versions(january)[0] as { bytes: Buffer | null }).bytes = content;
    else if (content === null) rmSync(join(cold, january));
    else writeFileSync(join(cold, january), content);
  };
  put(bytes);
  return { putBack: () => put(sound) };
}
