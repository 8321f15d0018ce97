// The whole road of a rule that archives with DuckDB as the writer of Parquet, to a bucket; and a kill in the middle of it, in a folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HASH, OLD_ROWS, startArchiving, type ArchivingProject, type ArchivingWorld } from '../../support/archiving.ts';
import { crashAndGoOn, DUCKDB_CRASH_POINTS, whatIsWrong, hashOf } from '../../support/archiving-crashes.ts';
import { returnOf } from '../../support/archiving-return.ts';
import type { CrashPoint } from '../../support/archiving-traps.ts';

let world: ArchivingWorld;
beforeAll(async () => {
  world = await startArchiving();
}, 120_000);
afterAll(() => world.stop());

const run = (lab: ArchivingProject) => lab.dbctl('archiver', 'retention', 'run', '--yes');

/** The stored files of rows. */
const stored = ({ s3 }: ArchivingProject): Buffer[] =>
  (s3?.bucket.keys() ?? [])
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => s3?.bucket.get(name).bytes ?? Buffer.alloc(0));

it('partitions leave as Parquet of DuckDB to a bucket, and come back the same', async () => {
  const lab = await world.project('road', { format: 'parquet', writer: 'duckdb', place: 's3' });
  const before = (await hashOf(lab)).hash;
  const january = await lab.rows(`select count(*)::int as rows, sum(${HASH})::text as hash from app.log_2024_01 t`);
  expect((await lab.dbctl('archiver', 'retention', 'plan')).items[0]?.message).toBe('2 partitions are to go');
  expect((await run(lab)).items[0]?.message).toBe('2 partitions copied');
  expect(stored(lab).map((bytes) => bytes.subarray(-2_000).toString('latin1').includes('DuckDB'))).toEqual([true, true]);
  expect((await lab.dbctl('checker', 'retention', 'verify', '--record')).summary).toMatchObject({ recorded: 2, bad: 0 });
  expect((await run(lab)).items[0]).toMatchObject({ message: '2 partitions removed', deleted: 2 * OLD_ROWS });
  expect(await whatIsWrong(lab, before)).toEqual([]);
  const [{ archive } = { archive: '' }] = await lab.rows<{ archive: string }>(
    `select detail ->> 'archive' as archive from dbctl.archive_segment where partition_name = 'app.log_2024_01'`,
  );
  expect(await lab.dbctl('superuser', 'retention', 'restore', archive, '--into', 'app.back')).toMatchObject({ ok: true });
  expect(await lab.rows(`select count(*)::int as rows, sum(${HASH})::text as hash from app.back t`)).toEqual(january);
  const back = await lab.dbctl('archiver', ...returnOf(archive));
  expect([back.error?.message, back.summary]).toMatchObject([undefined, { rows: OLD_ROWS }]);
  expect(await lab.rows(`select count(*)::int as rows, sum(${HASH})::text as hash from app.log_2024_01 t`)).toEqual(january);
});

it('killed while DuckDB writes: nothing is lost, nothing counts twice, nothing is left, no program either', async () => {
  const lab = await world.project('killed', { format: 'parquet', writer: 'duckdb', place: 'folder' });
  expect(await crashAndGoOn(lab, DUCKDB_CRASH_POINTS[0] as CrashPoint)).toEqual([]);
});

it('a package that does not start ends the run before anything is fenced, and says so', async () => {
  const lab = await world.project('no package', { format: 'parquet', writer: 'duckdb', place: 'folder' });
  // As the project has it: one that was installed for another machine.
  const folder = join(lab.folder, 'node_modules/@duckdb/node-api');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(lab.folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'package.json'), '{"name":"@duckdb/node-api","main":"index.js"}');
  writeFileSync(join(folder, 'index.js'), 'throw new Error("made for another machine")');
  const report = await run(lab);
  expect([report.status, report.items[0]?.message]).toEqual([
    1,
    expect.stringMatching(/DuckDB does not start: .*another machine/),
  ]);
  expect(await lab.rows(`select conname from pg_constraint where conname = 'dbctl_fence'`)).toEqual([]);
});
