// SIGKILL in the steps of a rule that archives: some of `npm run soak -- archiving`, which has all of them in both formats and places.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startArchiving, type ArchivingWorld, type ProjectOptions } from '../../support/archiving.ts';
import { CRASH_POINTS, crashAndGoOn } from '../../support/archiving-crashes.ts';
import { ATTACH_POINTS, killReturnAndGoOn } from '../../support/archiving-return.ts';
import type { CrashPoint } from '../../support/archiving-traps.ts';

let world: ArchivingWorld;
beforeAll(async () => {
  world = await startArchiving();
}, 120_000);
afterAll(() => world.stop());

const CASES: readonly (readonly [name: string, ProjectOptions['format'], ProjectOptions['place']])[] = [
  ['2 behind the fence', 'csv.gz', 'folder'],
  ['5 sealed, and not recorded', 'parquet', 's3'],
  ['7 in the middle of the removal', 'parquet', 'folder'],
];

it.each(CASES)('killed %s, %s in a %s: nothing is lost, nothing counts twice, nothing is left', async (name, format, place) => {
  const point = CRASH_POINTS.find((one) => one.name === name && (one.only ?? place) === place) as CrashPoint;
  const lab = await world.project(`killed-${name}-${place}`.toLowerCase(), { format, place });
  expect(await crashAndGoOn(lab, point)).toEqual([]);
});

it('a return killed in the middle comes whole with the next one, or is there already', async () => {
  const point = ATTACH_POINTS.find(({ name }) => name === 'in the middle of the return') as CrashPoint;
  const lab = await world.project('killed return', { format: 'csv.gz', place: 'folder' });
  expect(await killReturnAndGoOn(lab, point)).toEqual([]);
});
