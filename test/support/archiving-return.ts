// SIGKILL while a partition that left comes back.
import type { ArchivingProject } from './archiving.ts';
import { actOf, killAt, leftFiles } from './archiving-crashes.ts';
import { held, silent, type CrashPoint } from './archiving-traps.ts';

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

/** Brings a partition back for a day. */
export const returnOf = (archive = ''): string[] => [
  'retention',
  'restore',
  archive,
  '--attach',
  '--for',
  '1 day',
  '--reason',
  'an inquiry of the auditors',
  '--yes',
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
  const problems =
    (await killAt(lab, point, returnOf(segments[0]?.id))) === 'SIGKILL' ? [] : ['it had ended before it was killed'];
  const [there] = await lab.rows<{ is: boolean }>(`select to_regclass('app.log_2024_01') is not null as is`);
  if (there?.is !== true && (await figures()) !== without) problems.push('rows are there, and the partition is not');
  const again = await lab.dbctl('archiver', ...returnOf(segments[0]?.id));
  if (again.ok === there?.is) problems.push(`again: ${again.error?.message}`);
  if (again.error !== null && !/it is back already/.test(again.error.message)) problems.push(again.error.message);
  const other = await lab.dbctl('archiver', ...returnOf(segments[1]?.id));
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
