// A full disk, and a network that is lost in the middle: the run says so, nothing is removed, and the next one finishes.
// Some of `npm run soak -- archiving`, which loses the network in each step.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OLD_ROWS, startArchiving, type ArchivingProject, type ArchivingWorld } from '../../support/archiving.ts';
import { actOf, hashOf, whatIsWrong } from '../../support/archiving-crashes.ts';
import type { CrashPoint } from '../../support/archiving-traps.ts';
import { BUCKET_LOSSES, cutAndGoOn, loseBucketAndGoOn, WIRE_POINTS } from '../../support/archiving-losses.ts';
import type { CliReport } from '../../support/cli-report.ts';

let world: ArchivingWorld;
beforeAll(async () => {
  world = await startArchiving();
}, 120_000);
afterAll(() => world.stop());

const run = (lab: ArchivingProject) => lab.dbctl('archiver', ...actOf('archiver'));
const record = (lab: ArchivingProject) => lab.dbctl('checker', ...actOf('checker'));
const done = ({ items }: CliReport) => ((items[0]?.['partitions'] ?? []) as { did: string }[]).map(({ did }) => did);

it('a disk with room for one copy of two: that one leaves, the other waits for room', async ({ skip }) => {
  const lab = await world.project('full disk', { format: 'csv.gz', place: 'folder' });
  mkdirSync(lab.cold);
  // A copy takes 116 kB, and as much again while it is made.
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', lab.cold]).status === 0;
  if (!mount('size=300k,mode=0700')) return skip('needs the right to mount a tmpfs');
  try {
    const before = (await hashOf(lab)).hash;
    const full = await run(lab);
    expect([full.status, done(full), full.items[0]?.message]).toEqual([
      1,
      ['copied', 'failed'],
      expect.stringMatching(/^failed: app\.log_2024_02: .*: no space left on the disk$/),
    ]);
    expect((await hashOf(lab)).rows).toBe(2 * OLD_ROWS + 10);
    expect((await record(lab)).summary).toMatchObject({ recorded: 1, bad: 0 });
    const again = await run(lab);
    expect([again.status, done(again)]).toEqual([1, ['removed', 'failed']]);
    expect(mount('remount,size=50m')).toBe(true);
    const ends = [await run(lab), await record(lab), await run(lab)];
    expect(ends.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(await whatIsWrong(lab, before)).toEqual([]);
  } finally {
    spawnSync('umount', ['-l', lab.cold]);
  }
});

it.each(['5 sealed, and not recorded', '7 in the middle of the removal'])(
  'the connection to the database is lost: %s',
  async (name) => {
    const lab = await world.project(`wire ${name}`, { format: 'csv.gz', place: 'folder', wire: true });
    expect(await cutAndGoOn(lab, WIRE_POINTS.find((one) => one.name === name) as CrashPoint)).toEqual([]);
  },
);

it('the bucket is lost while it is read again, right before the removal', async () => {
  const lab = await world.project('bucket', { format: 'parquet', place: 's3' });
  expect(await loseBucketAndGoOn(lab, BUCKET_LOSSES.at(-1) as (typeof BUCKET_LOSSES)[number])).toEqual([]);
});
