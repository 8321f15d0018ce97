// Copies that are damaged between two steps of a rule that archives.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, OLD_ROWS, type ArchivingProject } from './archiving.ts';
import { actOf, CRASH_POINTS, hashOf, killAt, whatIsWrong } from './archiving-crashes.ts';
import type { CrashPoint } from './archiving-traps.ts';

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
