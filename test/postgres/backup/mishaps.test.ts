import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DumpInputs } from '../../../src/ops/backup/create.ts';
import { backupIds, folderRepository, type Repository } from '../../../src/ops/backup/repository.ts';
import { planPrune } from '../../../src/ops/backup/prune.ts';
import { backupProblems, knowBackups } from '../../../src/ops/backup/verify.ts';
import { onServer } from '../../support/connection.ts';
import { faultsOf } from '../../support/faults.ts';
import { killProject, sizeOf } from './killed-run.ts';
import { backupBench } from './support.ts';

/** What befalls a run that makes a dump: the disk, the connection, a signal, another run, the clock. Whatever it is, nothing that looks like a backup is left. */
const bench = backupBench();
/** A disk of a size of our choice. */
const disk = join(bench.folder, 'small-disk');
const mounted = (() => {
  try {
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    // Mounting needs a right most people do not have.
    return false;
  }
})();
afterAll(() => {
  if (mounted) execFileSync('umount', [disk]);
});

const KEEP = { last: 1, daily: 7, weekly: 0, monthly: 0, yearly: 0 };

beforeAll(async () => {
  await onServer(bench.server.url(), 'create database mishaps');
  await onServer(
    bench.server.url('mishaps'),
    'create table wide (id int primary key, note text)',
    `insert into wide select n, (select string_agg(md5(n::text || m), '') from generate_series(1, 60) m) from generate_series(1, 12000) n`,
    'create table narrow as select generate_series(1, 1000) as id',
  );
}, 180_000);

const create = (into: Repository, changes: Partial<DumpInputs> = {}) => bench.create('mishaps', into, changes);
const visible = (folder: string) => (existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : []);
async function problemsOf(repository: Repository): Promise<string[]> {
  const publicKeys = [bench.signer.verifierKey];
  const all = await knowBackups(repository, publicKeys);
  const each = await Promise.all(all.map((known) => backupProblems(repository, known, { all, publicKeys, onBytes: () => {} })));
  return each.flat();
}

describe('a disk that is full', () => {
  faultsOf('disk');
  // The dump has some 12 MB; the preflight wants a quarter of the database, which more than 8 MB satisfy.
  it.skipIf(!mounted).each([16, 64, 512, 4_096])('of %d kB is refused before anything is written', async (kilobytes) => {
    execFileSync('mount', ['-o', `remount,size=${kilobytes}k`, disk]);
    await expect(create(folderRepository('small', disk))).rejects.toThrow(/^small has \d+ MB free, and the database has \d+ MB$/);
    expect(visible(disk)).toEqual([]);
  });

  it.skipIf(!mounted).each([9_000, 9_800, 10_600, 11_400])(
    'after %d kB leaves nothing that looks like a backup',
    async (kilobytes) => {
      execFileSync('mount', ['-o', `remount,size=${kilobytes}k`, disk]);
      await expect(create(folderRepository('small', disk))).rejects.toThrow(/No space left on device|ENOSPC|no space left/);
      expect(readdirSync(disk).filter((name) => name !== '.lock')).toEqual([]);
    },
  );
});

describe('a connection that is cut', () => {
  faultsOf('connection');
  it.each([
    ['of pg_dump', `state = 'active' and query ilike 'copy %'`],
    ['of the fingerprint', `query like '%hash_record_extended%' and pid <> pg_backend_pid()`],
  ])('%s fails the run, and nothing is left', async (_name, which) => {
    const repository = folderRepository('cut', join(bench.folder, 'cut'));
    const client = new pg.Client({ connectionString: bench.server.url() });
    await client.connect();
    const making = create(repository);
    const outcome = making.then(
      () => 'made',
      (thrown: Error) => thrown.message,
    );
    for (let cut = 0; cut === 0;) {
      const { rowCount } = await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'mishaps' and ${which}`,
      );
      cut = rowCount ?? 0;
    }
    await client.end();
    expect(await outcome).toMatch(
      /terminating connection due to administrator command|connection lost|snapshot .* does not exist/,
    );
    expect(readdirSync(repository.folder).filter((name) => name !== '.lock')).toEqual([]);
  });
});

describe('two runs, and ten', () => {
  faultsOf('runs at once');
  it('make one backup after the other, each in the chain', async () => {
    const repository = folderRepository('race', join(bench.folder, 'race'));
    const made = await Promise.all(Array.from({ length: 10 }, () => create(repository)));
    expect(new Set(made.map(({ id }) => id)).size).toBe(10);
    expect(new Set(made.map(({ previous }) => previous?.id ?? null)).size).toBe(10);
    expect(await problemsOf(repository)).toEqual([]);
  }, 120_000);
});

describe('a clock that jumps', () => {
  faultsOf('clock');
  it.each([
    ['back by a year', -365 * 86_400_000],
    ['back by an hour', -3_600_000],
    ['forward by a year', 365 * 86_400_000],
  ])('%s breaks no chain, and takes no newest backup away', async (_name, milliseconds) => {
    const repository = folderRepository('clock', join(bench.folder, `clock${milliseconds}`));
    const before = await create(repository);
    const jumped = await create(repository, { clock: () => new Date(Date.now() + milliseconds) });
    const after = await create(repository);
    expect(await problemsOf(repository)).toEqual([]);
    const known = await knowBackups(repository, [bench.signer.verifierKey]);
    expect(known.map(({ id }) => id).toSorted()).toEqual([before.id, jumped.id, after.id].toSorted());
    // What is of when is told by the server, in its snapshot; the name of a backup decides nothing.
    const kept = planPrune(known, { ...KEEP, daily: 0 }, new Map()).filter(({ act }) => act === 'keep');
    expect(kept.map(({ id }) => id)).toEqual([after.id]);
  });
});

describe('a run that is killed', () => {
  faultsOf('SIGKILL');
  const { backups, dbctl, prepare, killWhen, made, left } = killProject(join(bench.folder, 'project'), () =>
    bench.server.url('mishaps'),
  );
  beforeAll(prepare);

  const STEPS: readonly (readonly [string, (making: string) => boolean])[] = [
    ['the folder is there', () => true],
    ['the dump has begun', (making) => existsSync(join(making, 'dump'))],
    ['rows come', (making) => readdirSync(join(making, 'dump')).some((name) => sizeOf(join(making, 'dump', name)) > 100_000)],
    ['the definitions are there', (making) => sizeOf(join(making, 'schema.sql')) > 0],
    ['the globals are there', (making) => sizeOf(join(making, 'globals.sql')) > 0],
    ['the dump is whole', (making) => sizeOf(join(making, 'dump', 'toc.dat')) > 0],
    ['the manifest is there', (making) => existsSync(join(making, 'manifest.json'))],
    ['the seal is there', (making) => existsSync(join(making, 'manifest.note'))],
  ];

  it.each(STEPS)('when %s leaves nothing that looks like a backup, and its programs end', async (_step, reached) => {
    const before = made();
    const signal = await killWhen(reached, 'backup', 'create');
    // Fast enough to be whole before the signal came: then it is a backup, and is looked at as one.
    if (signal === 'SIGKILL') expect(made()).toEqual(before);
    expect((await dbctl('backup', 'verify')).items.filter(({ status }) => status === 'fail')).toEqual([]);
  });

  it('is cleared away by the next, which is whole', async () => {
    expect((await dbctl('backup', 'create')).status).toBe(0);
    expect(left()).toEqual([]);
    expect((await dbctl('backup', 'verify')).status).toBe(0);
    expect((await backupIds(folderRepository('here', backups))).length).toBeGreaterThan(0);
  });
});
