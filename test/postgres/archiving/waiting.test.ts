// One line of the verifier's timer: partitions and blobs that wait are read back by `retention verify --record`.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { filesIn, startArchiving, type ArchivingProject, type ArchivingWorld } from '../../support/archiving.ts';

let world: ArchivingWorld;
beforeAll(async () => {
  world = await startArchiving();
}, 120_000);
afterAll(() => world.stop());

const BLOBS = `
    - { name: proofs, table: app.proof, keep: 180 days, by: at, then: move-blobs, columns: { bytes: bytes }, from: [{ name: hot, type: folder, path: hot }], basis: the law }`;

async function withBlobs(name: string): Promise<ArchivingProject> {
  const lab = await world.project(name, { format: 'csv.gz', place: 'folder', more: BLOBS.slice(1) });
  mkdirSync(join(lab.folder, 'hot'));
  await lab.rows(`create table app.proof (id int primary key, location text, sha256 text, bytes bigint, at timestamptz);
    create index on app.proof (sha256); create index on app.proof (at, id); grant select on app.proof to lab_archiver, lab_checker`);
  for (const [id, content] of ['one', 'two'].entries()) {
    writeFileSync(join(lab.folder, 'hot', content), content);
    const hash = createHash('sha256').update(content).digest('hex');
    await lab.rows(`insert into app.proof values ($1, $2, $3, $4, '2020-01-01')`, [id, content, hash, content.length]);
  }
  return lab;
}

const run = (lab: ArchivingProject) => lab.dbctl('archiver', 'retention', 'run', '--yes');
const record = (lab: ArchivingProject, ...more: string[]) => lab.dbctl('checker', 'retention', 'verify', '--record', ...more);
const hot = ({ folder }: ArchivingProject) => readdirSync(join(folder, 'hot'));

it('what waits of both kinds is read back by one line, and leaves with the next run', async () => {
  const lab = await withBlobs('two kinds');
  const first = await run(lab);
  expect(first.items).toMatchObject([{ message: '2 partitions copied' }, { object: 'proofs', copied: 2, waiting: 2 }]);
  const rehearsed = await record(lab, '--dry-run');
  expect([rehearsed.ok, rehearsed.summary, rehearsed.items.at(-1)?.message]).toMatchObject([
    true,
    { waiting: 2, recorded: 0, blobs: 0, blobsRecorded: 0 },
    '2 copies of blobs would be read back, 1 kB',
  ]);
  expect((await record(lab, '--blobs', '--dry-run')).summary).toMatchObject({ recorded: 0 });
  expect(await lab.rows(`select from dbctl.blob_event where kind = 'verified' and actor = 'lab_checker'`)).toEqual([]);
  const read = await record(lab);
  expect([read.status, read.summary]).toMatchObject([0, { recorded: 2, bad: 0, blobs: 2, blobsRecorded: 2 }]);
  expect(read.items.at(-1)?.message).toBe('2 of 2 copies are what was proved; 2 recorded as read back');
  const gone = await run(lab);
  expect(gone.items).toMatchObject([{ message: '2 partitions removed' }, { moved: 2, waiting: 0 }]);
  expect([hot(lab), (await lab.hot()).rows]).toEqual([[], 10]);
  const idle = await record(lab);
  expect([idle.status, idle.items, idle.summary]).toMatchObject([0, [], { waiting: 0, blobs: 0 }]);
});

it('a blob whose copy is damaged makes the answer no, and partitions are recorded all the same; one copy alone is that alone', async () => {
  const lab = await withBlobs('damaged');
  await run(lab);
  const copy = [...filesIn(lab.cold).keys()].find((name) => name.startsWith('blobs/'));
  truncateSync(join(lab.cold, copy ?? ''), 1);
  const [one] = (await record(lab, '--dry-run')).items;
  const alone = await record(lab, one?.id ?? '');
  expect([alone.status, alone.summary]).toMatchObject([0, { waiting: 1, recorded: 1 }]);
  expect(alone.summary).not.toHaveProperty('blobs');
  const read = await record(lab);
  expect([read.status, read.summary]).toMatchObject([1, { recorded: 1, bad: 2, blobs: 2, blobsRecorded: 1 }]);
  await run(lab);
  expect(hot(lab)).toHaveLength(1);
  expect(existsSync(join(lab.cold, copy ?? ''))).toBe(true);
});

it('--blobs is blobs alone, as before; a login that may not see the rows is told, and its partitions are read', async () => {
  const lab = await withBlobs('alone');
  await run(lab);
  await lab.rows('revoke select on app.proof from lab_checker');
  const closed = await record(lab);
  expect([closed.status, closed.summary, closed.items.at(-1)?.message]).toMatchObject([
    1,
    { recorded: 2, bad: 1 },
    expect.stringMatching(/lab_checker may not .*/),
  ]);
  await lab.rows('grant select on app.proof to lab_checker');
  const blobs = await record(lab, '--blobs');
  expect([blobs.status, blobs.summary]).toMatchObject([0, { rules: 1, blobs: 2, recorded: 2 }]);
});
