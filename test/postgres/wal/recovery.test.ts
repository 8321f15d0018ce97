import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PhysicalManifest } from '../../../src/ops/backup/manifest.ts';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import { knowBackups } from '../../../src/ops/backup/verify.ts';
import { planFromNewest } from '../../../src/ops/restore/choose.ts';
import { restoreDataFolder } from '../../../src/ops/restore/data-folder.ts';
import { parseRecoveryTarget } from '../../../src/ops/restore/recovery-target.ts';
import { planReplay } from '../../../src/ops/restore/replay.ts';
import { withServerOn } from '../../../src/ops/server/throw-away.ts';
import { pushWal } from '../../../src/ops/wal/archive.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { physicalBench } from '../backup/physical-support.ts';
import { QUIET, backupBench } from '../backup/support.ts';
import { faultsOf } from '../../support/faults.ts';

/**
 * One server, two backups and a row for each moment between them; then every way to name a moment, restored and looked at. What is restored
 * goes on as a timeline of its own, whose segments are archived as well.
 */
const bench = backupBench({
  settings: { wal_level: 'replica', max_wal_senders: '4', archive_mode: 'on', archive_command: 'cp "%p" "$PWD/../spool/%f"' },
  prepare: async (made) => void (await made.giveFolder('spool')),
});
const physical = physicalBench(bench, 'pitr');
const repository = physical.repository();
const moments: Record<string, string> = {};
let [older, newer] = [{} as PhysicalManifest, {} as PhysicalManifest];

const spool = () => join(bench.server.folder, 'spool');
const query = async (sql: string, url = bench.server.url()): Promise<string> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, string>>({ text: sql, types: { getTypeParser: () => String } });
    return Object.values(rows[0] ?? {})[0] ?? '';
  } finally {
    await client.end();
  }
};
const NOW = `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const happened = (n: number) => onServer(bench.server.url(), `insert into event values (${n})`);
const backUp = (into = repository): Promise<PhysicalManifest> => physical.create({ repository: into });
/** Ends the segment, waits until the server has given it to archive_command, and pushes all there is. */
async function archive(): Promise<void> {
  const last = await query('select pg_walfile_name(pg_switch_wal())');
  while ((await query('select last_archived_wal from pg_stat_archiver')) < last) await new Promise((go) => setTimeout(go, 50));
  for (const name of readdirSync(spool()).toSorted()) await pushWal(repository, join(spool(), name));
}

beforeAll(async () => {
  await onServer(bench.server.url(), 'create table event (n int primary key)', 'create table bulk (note text)');
  older = await backUp();
  await happened(1);
  moments['after 1'] = await query(NOW);
  await happened(2);
  moments['lsn after 2'] = await query('select pg_current_wal_insert_lsn()');
  await happened(3);
  await onServer(bench.server.url(), `select pg_create_restore_point('before_release')`);
  await happened(4);
  await archive();
  newer = await backUp();
  await happened(5);
  // Segments with hardly an end of a transaction in them, for the search by halves.
  await onServer(bench.server.url(), `insert into bulk select repeat('x', 1000) from generate_series(1, 60000)`);
  moments['after 5'] = await query(NOW);
  await onServer(bench.server.url(), `insert into bulk select repeat('x', 1000) from generate_series(1, 60000)`);
  await happened(6);
  await archive();
}, 180_000);

interface Request {
  readonly from?: PhysicalManifest;
  readonly timeline?: number;
  readonly of?: FolderRepository;
}

async function plan(to: string, { from, timeline, of = repository }: Request) {
  const target = parseRecoveryTarget(to);
  if (from !== undefined) return { manifest: from, replay: await planReplay(of, from, target, timeline) };
  const known = await knowBackups(of, [bench.signer.verifierKey]);
  return planFromNewest(of, known, target, { timeline });
}

/** Restores to the point, starts a server there, and says what is in it; `use` may do more with it. */
async function recover(
  to: string,
  request: Request = {},
  use: (url: string, data: string) => Promise<void> = async () => undefined,
) {
  const { manifest, replay } = await plan(to, request);
  let folder = '';
  const seen = await withServerOn(
    { major: 18, uid: process.getuid?.(), ...QUIET },
    async ({ data, account }) => {
      folder = data;
      const { of = repository } = request;
      await restoreDataFolder({ repository: of, manifest, data, account, replay, tools: bench.tools, ...QUIET });
      // Where its archive_command copies to.
      mkdirSync(join(data, '..', 'spool'));
      chmodSync(join(data, '..', 'spool'), 0o777);
    },
    async ({ port }) => {
      const url = `postgresql://postgres:${bench.server.password}@127.0.0.1:${port}/postgres`;
      // It answers read-only before it has come to its point.
      while ((await query('select pg_is_in_recovery()', url)) === 't') await new Promise((go) => setTimeout(go, 50));
      const events = await query(`select string_agg(n::text, ' ' order by n) from event`, url);
      const timeline = Number.parseInt((await query('select pg_walfile_name(pg_current_wal_lsn())', url)).slice(0, 8), 16);
      await use(url, folder);
      return { events, timeline };
    },
  );
  return { ...seen, backup: manifest.id, segments: replay.segments.length };
}

describe('a recovery', () => {
  it('to a time begins at the newest backup before it, and stops before what ended after it', async () => {
    expect(await recover(moments['after 1'] ?? '')).toMatchObject({ events: '1', timeline: 2, backup: older.id });
    const later = await recover(moments['after 5'] ?? '');
    expect(later).toMatchObject({ events: '1 2 3 4 5', backup: newer.id });
    // From the older one it takes more of the log, and comes to the same.
    const longer = await recover(moments['after 5'] ?? '', { from: older });
    expect(longer).toMatchObject({ events: '1 2 3 4 5', backup: older.id });
    expect(longer.segments).toBeGreaterThan(later.segments);
  }, 120_000);

  it('to a position, a named point and the end of the archive', async () => {
    expect(await recover(moments['lsn after 2'] ?? '')).toMatchObject({ events: '1 2', backup: older.id });
    expect(await recover('name:before_release')).toMatchObject({ events: '1 2 3', backup: older.id });
    expect(await recover('latest')).toMatchObject({ events: '1 2 3 4 5 6', backup: newer.id });
  }, 120_000);

  it('may stop before a gap, and takes no segment it does not need', async () => {
    const gap = bench.copy('gap', repository);
    removeSegment(gap, -2);
    expect(await recover(moments['after 1'] ?? '', { of: gap })).toMatchObject({ events: '1' });
  }, 60_000);
});

const segmentsOf = (of: FolderRepository): string[] =>
  readdirSync(join(of.folder, '.wal'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\/[0-9A-F]{24}\.gz$/.test(path))
    .toSorted();
function removeSegment(of: FolderRepository, index: number): void {
  rmSync(join(of.folder, '.wal', segmentsOf(of).at(index) ?? ''));
}

describe('a recovery that cannot come to its point is refused before anything is unpacked', () => {
  faultsOf('recovery');
  const LONG_AGO = '2001-01-01T00:00Z';
  it.each<[string, () => string, (of: FolderRepository) => Request, RegExp]>([
    ['before the first backup', () => LONG_AGO, () => ({}), /^pitr-\d+ has no physical backup from before that point$/],
    [
      'before the backup that was named',
      () => moments['after 1'] ?? '',
      () => ({ from: newer }),
      /is before the end of cluster-.*: a backup cannot be taken back$/,
    ],
    [
      'a position before it',
      () => moments['lsn after 2'] ?? '',
      () => ({ from: newer }),
      /^[0-9A-F]+\/[0-9A-F]+ is before the end of cluster-.* at [0-9A-F]+\/[0-9A-F]+: a backup cannot be taken back$/,
    ],
    [
      'a time that has not come',
      () => '2999-01-01T00:00Z',
      () => ({}),
      /^the archive ends at 0000000100000000000000\w\w, before 2999-01-01T00:00:00.000000Z: the last transaction in it ended at 20\d\d-/,
    ],
    [
      'a position that has not come',
      () => 'FF/0',
      () => ({}),
      /^the archive ends at \w{24}, before FF\/0: its last record is at 0\/[0-9A-F]+$/,
    ],
    [
      'a point nobody made',
      () => 'name:nobody',
      () => ({}),
      /^the archive ends at \w{24}, before the point nobody: it is in none of its segments/,
    ],
    [
      'a point before the backup',
      () => 'name:before_release',
      () => ({ from: newer }),
      /before the point before_release: it is in none of its segments from the end of the backup on$/,
    ],
    [
      'a timeline nobody began',
      () => 'latest',
      () => ({ timeline: 7 }),
      /^timeline 7 does not come from cluster-.*, which ends on timeline 1 at 0\/[0-9A-F]+$/,
    ],
    [
      'latest, behind a gap',
      () => 'latest',
      (of) => (removeSegment(of, -2), { from: newer }),
      /^the archive has a gap: \w{24} is missing, and later ones are there$/,
    ],
    [
      'a time behind a gap',
      () => '2999-01-01T00:00Z',
      (of) => (removeSegment(of, -2), { from: newer }),
      /is not before the gap in the archive: \w{24} is missing, and later ones are there$/,
    ],
    [
      'without the segment the backup ends in',
      () => 'latest',
      (of) => (rmSync(join(of.folder, '.wal'), { recursive: true }), {}),
      /^the repository has no write-ahead log of server \d+$/,
    ],
  ])('%s', async (_name, to, change, said) => {
    const of = bench.copy(`pitr-${Math.floor(Math.random() * 1e9)}`, repository);
    const request = change(of);
    await expect(plan(to(), { ...request, of })).rejects.toThrow(said);
  });

  it('with a segment that was damaged: by the content, not by the name', async () => {
    const of = bench.copy('damaged', repository);
    const path = join(of.folder, '.wal', segmentsOf(of).at(-1) ?? '');
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expect(plan('latest', { of })).rejects.toThrow(/in the archive (?:cannot be unpacked|does not begin|is not what)/);
  });
});

describe('a timeline that was begun', () => {
  const after = folderRepository('after', join(bench.folder, 'after'));
  let begun = '';

  beforeAll(async () => {
    cpSync(repository.folder, after.folder, { recursive: true });
    await recover('name:before_release', {}, async (url, data) => {
      await onServer(url, 'insert into event values (100)');
      begun = await query(NOW, url);
      await onServer(url, 'insert into event values (101)');
      const last = await query('select pg_walfile_name(pg_switch_wal())', url);
      while ((await query('select last_archived_wal from pg_stat_archiver', url)) < last)
        await new Promise((go) => setTimeout(go, 50));
      for (const name of readdirSync(join(data, '..', 'spool')).toSorted()) await pushWal(after, join(data, '..', 'spool', name));
    });
  }, 60_000);

  it('is the one that is followed, from the backup it comes from', async () => {
    expect(await recover('latest', { of: after })).toMatchObject({ events: '1 2 3 100 101', timeline: 3, backup: older.id });
    expect(await recover(begun, { of: after })).toMatchObject({ events: '1 2 3 100', backup: older.id });
  }, 60_000);

  it('is not what a newer backup leads to, and what was left behind is followed by its number only', async () => {
    await expect(plan('latest', { of: after, from: newer })).rejects.toThrow(
      /^timeline 2 does not come from cluster-.*, which ends on timeline 1 at/,
    );
    // Its number is that of nobody yet: 3, not 2.
    expect(await recover('latest', { of: after, timeline: 1 })).toMatchObject({ events: '1 2 3 4 5 6', timeline: 3 });
  }, 60_000);
});

describe('at the terminal', () => {
  it('restore --to says what it will do, and what it takes', async () => {
    const project = mkdtempSync(join(tmpdir(), 'dbctl-pitr-cli-'));
    chmodSync(project, 0o711);
    cpSync(repository.folder, join(project, 'backups'), { recursive: true });
    writeFileSync(
      join(project, 'dbctl.yaml'),
      `version: 1\nproject: pitr\nbackup:\n  public_keys: [${JSON.stringify(bench.signer.verifierKey)}]\n  repositories: [{ name: here, type: folder, path: backups }]\n`,
    );
    const dbctl = (...args: readonly string[]) => runCli(args, { cwd: project, env: {} });
    const data = join(project, 'data');
    const { status, stdout } = await dbctl('restore', '--data', data, '--to', 'name:before_release', '--yes');
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining(`it replays 2 segments of timeline 1 up to name:before_release`),
    ]);
    expect(readFileSync(join(data, 'postgresql.auto.conf'), 'utf8')).toContain("recovery_target_name = 'before_release'");
    const cases: [string[], RegExp][] = [
      [['--to', 'yesterday'], /--to takes a time with its zone, an LSN, name:POINT or latest, not yesterday/],
      [['--to', '2026-11-21 06:00'], /--to takes a time with its zone/],
      [['--to', 'latest', '--timeline', 'two'], /--timeline takes a number such as 2, not two/],
      [['--to', '2001-01-01T00:00Z'], /here has no physical backup from before that point/],
    ];
    for (const [args, said] of cases) {
      const { stderr, status: refused } = await dbctl('restore', '--data', join(project, 'other'), ...args, '--yes');
      expect([refused, stderr]).toEqual([said.source.startsWith('here') ? 5 : 2, expect.stringMatching(said)]);
    }
    expect((await dbctl('restore', '--to', 'latest', '--yes')).stderr).toContain(
      '--to goes with --data or --into: a dump is of one moment',
    );
    expect(readdirSync(project)).not.toContain('other');
    rmSync(project, { recursive: true, force: true });
  }, 60_000);
});
