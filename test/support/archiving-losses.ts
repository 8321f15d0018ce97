import { actOf, CRASH_POINTS, endSessions, hashOf, whatIsWrong } from './archiving-crashes.ts';
import type { CrashPoint } from './archiving-traps.ts';
import { OLD_ROWS, type ArchivingProject, type Login } from './archiving.ts';

/** Each login once more, to its end; what failed. */
async function toTheEnd(lab: ArchivingProject): Promise<string[]> {
  const problems: string[] = [];
  for (const who of ['archiver', 'checker', 'archiver'] as const) {
    const report = await lab.dbctl(who, ...actOf(who));
    if (!report.ok) problems.push(`${who}: ${report.error?.message ?? report.items.map(({ message }) => message).join('; ')}`);
  }
  return problems;
}

/** Where the connection to the database is cut: in each step that waits for an answer of it. */
export const WIRE_POINTS: readonly CrashPoint[] = CRASH_POINTS.filter(({ only }) => only === undefined);

/** One case: the cable of the project is cut while the command is there, and mended when it has ended. What is wrong afterwards. */
export async function cutAndGoOn(lab: ArchivingProject, point: CrashPoint): Promise<string[]> {
  const { cable } = lab;
  if (cable === null) throw new Error('there is no cable');
  const before = (await hashOf(lab)).hash;
  for (const who of point.after) await lab.dbctl(who, ...actOf(who));
  const trap = await point.trap(lab);
  const running = lab.dbctl(point.who, ...actOf(point.who));
  await trap.seen();
  cable.cut();
  // Behind the fence it waits for another run of this machine, and not for the database.
  const [report] = await Promise.all([running, point.name.startsWith('2 behind') ? trap.free() : undefined]);
  if (!point.name.startsWith('2 behind')) await trap.free();
  await endSessions(lab);
  cable.mend();
  const said =
    report.status === 3 && report.error?.code === 'db.unreachable'
      ? []
      : [`it ended with ${report.status}: ${report.error?.message}`];
  return [...said, ...(await toTheEnd(lab)), ...(await whatIsWrong(lab, before))];
}

/** Where the bucket is lost: from the first such request about rows on. */
export const BUCKET_LOSSES: readonly {
  readonly name: string;
  readonly method: 'PUT' | 'GET';
  readonly after: readonly Login[];
  readonly who: Login;
}[] = [
  { name: '3 while it stores', method: 'PUT', after: [], who: 'archiver' },
  { name: '4 while it reads back', method: 'GET', after: [], who: 'archiver' },
  { name: '6 while somebody else reads back', method: 'GET', after: ['archiver'], who: 'checker' },
  { name: '7 while it reads the copy again', method: 'GET', after: ['archiver', 'checker'], who: 'archiver' },
];

/** One case: what was stored is answered by nothing, what is read ends in the middle, and then nobody answers any more. What is wrong afterwards. */
export async function loseBucketAndGoOn(
  lab: ArchivingProject,
  { method, after, who }: (typeof BUCKET_LOSSES)[number],
): Promise<string[]> {
  const { s3 } = lab;
  if (s3 === null) throw new Error('there is no bucket');
  const before = (await hashOf(lab)).hash;
  for (const one of after) await lab.dbctl(one, ...actOf(one));
  let isLost = false;
  s3.fault = (request) => {
    if (isLost) return { kind: 'reset' };
    if (request.method !== method || !/rows\./.test(request.key)) return undefined;
    isLost = true;
    return method === 'GET' ? { kind: 'short', bytes: 1_000 } : { kind: 'reset after' };
  };
  const { ok, error, items } = await lab.dbctl(who, ...actOf(who));
  const problems = isLost ? [] : ['the bucket was not asked'];
  const said = [error?.message ?? '', ...items.map(({ message }) => message)].join(' ');
  if (ok || !/s3:\/\/lab|lab\b.*cold/.test(said)) problems.push(`it said: ${said}`);
  const { rows } = await hashOf(lab);
  if (rows !== 2 * OLD_ROWS + 10) problems.push(`${rows} rows are there`);
  s3.fault = () => undefined;
  return [...problems, ...(await toTheEnd(lab)), ...(await whatIsWrong(lab, before))];
}
