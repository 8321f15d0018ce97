import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import type { PhysicalManifest } from '../../../src/ops/backup/manifest.ts';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import { knowBackups } from '../../../src/ops/backup/verify.ts';
import { planReplay } from '../../../src/ops/restore/replay.ts';
import { pushWal, readArchive, removeWal } from '../../../src/ops/wal/archive.ts';
import { findGaps } from '../../../src/ops/wal/segment.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import type { TestServer } from '../../support/server.ts';
import { ask, startWalServer, writeSegments } from './support.ts';

/** Three physical backups with log between them, and what each of them can still be recovered to. */
let server: TestServer;
let key: string;
const project = mkdtempSync(join(tmpdir(), 'dbctl-wal-prune-'));
const repository = folderRepository('here', join(project, 'backups'));
const dbctl = (...args: readonly string[]) => runCli(args, { cwd: project, env: { DATABASE_URL: server.url() } });

async function report(...args: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await dbctl(...args, '--format', 'json');
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}

/** Writes log, waits until the server has given it to archive_command, and pushes all there is. */
async function archive(): Promise<void> {
  await writeSegments(server.url(), 3);
  // A segment nothing was written to is not switched.
  await onServer(server.url(), `insert into filling values (0, 'last')`);
  const last = await ask(server, 'select pg_walfile_name(pg_switch_wal())');
  while ((await ask(server, 'select last_archived_wal from pg_stat_archiver')) < last)
    await new Promise((go) => setTimeout(go, 50));
  const spool = join(server.folder, 'spool');
  for (const name of readdirSync(spool).toSorted()) await pushWal(repository, join(spool, name));
}

const backups = async (): Promise<PhysicalManifest[]> =>
  (await knowBackups(repository, [key])).flatMap((one) =>
    one.state === 'sealed' && one.manifest.type === 'physical' ? [one.manifest] : [],
  );
const names = async () => (await readArchive(repository)).names;
/** Fails where a segment of the way is missing. */
const recoverable = async (manifest: PhysicalManifest) => (await planReplay(repository, manifest, { kind: 'latest' })).segments;
const walItem = ({ items }: Report) => items.find(({ id }) => id === 'wal');

beforeAll(async () => {
  server = await startWalServer();
  writeFileSync(
    join(project, 'dbctl.yaml'),
    'version: 1\nproject: wal\nbackup:\n  repositories: [{ name: here, type: folder, path: backups }]\n  signer: { name: wal-backup, key: { file: key.pem } }\n',
  );
  const made = await report('ledger', 'key', 'key.pem', '--name', 'wal-backup');
  key = /wal-backup\+[0-9a-f]{8}\+\S+/.exec(JSON.stringify(made))?.[0].replace(/["\\].*$/, '') ?? '';
  await archive();
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

it('leaves all of the log where there is no physical backup', async () => {
  const before = await names();
  expect(before.length).toBeGreaterThanOrEqual(3);
  const pruned = await report('backup', 'prune', '--yes');
  expect(pruned).toMatchObject({ ok: true, summary: { walFiles: 0, walBytes: 0 } });
  expect(walItem(pruned)).toMatchObject({ act: 'keep', message: 'all of it stays: there is no physical backup to recover from' });
  expect(await names()).toEqual(before);
});

it('removes what is before the oldest backup that stays, and nothing it needs; held backups stay, and so does their log', async () => {
  for (let n = 0; n < 3; n += 1) {
    expect((await report('backup', 'create', '--type', 'physical')).ok).toBe(true);
    await archive();
  }
  const [oldest, middle, newest] = (await backups()) as [PhysicalManifest, PhysicalManifest, PhysicalManifest];
  mkdirSync(join(repository.folder, '.holds'), { recursive: true });
  writeFileSync(join(repository.folder, '.holds', middle.id), 'case 4711\n');

  const before = await names();
  const planned = await report('backup', 'prune', '--dry-run');
  expect(planned.items.filter(({ id, act }) => id !== 'wal' && act === 'remove').map(({ id }) => id)).toEqual([oldest.id]);
  expect(planned.summary).toMatchObject({ state: 'planned', removed: 1, kept: 2 });
  expect(Number(planned.summary['walFiles'])).toBeGreaterThanOrEqual(3);
  expect(Number(planned.summary['walBytes'])).toBeGreaterThan(10_000);
  expect(await names()).toEqual(before);
  expect((await dbctl('backup', 'prune')).stderr).toContain('--yes');
  expect(await names()).toEqual(before);

  const pruned = await report('backup', 'prune', '--yes');
  expect(pruned.summary).toMatchObject({ walFiles: planned.summary['walFiles'], walBytes: planned.summary['walBytes'] });
  expect(walItem(pruned)?.message).toContain(`older than any physical backup that stays: ${middle.id} begins in `);
  expect(await names()).toHaveLength(before.length - Number(planned.summary['walFiles']));
  expect(findGaps(await names(), 16 << 20)).toEqual([]);
  for (const manifest of [middle, newest]) expect((await recoverable(manifest)).at(-1)).toBe((await names()).at(-1));

  // Again: there is nothing left to do.
  expect((await report('backup', 'prune', '--yes')).summary).toMatchObject({ removed: 0, walFiles: 0 });
  rmSync(join(repository.folder, '.holds', middle.id));
  expect((await report('backup', 'prune', '--yes')).summary).toMatchObject({ removed: 1 });
  const first = (await names()).find((name) => name.length === 24) ?? '';
  expect((await recoverable(newest))[0]).toBe(first);

  // One more would have been one too many.
  await removeWal(repository, [first], new AbortController().signal);
  await expect(recoverable(newest)).rejects.toThrow(first);
}, 120_000);

it('clears what a killed push left half-written, a day later, and nothing that may be of one at work', async () => {
  const group = join(repository.folder, '.wal', (await names()).at(-1)?.slice(0, 16) ?? '');
  const halves = () => readdirSync(group).filter((name) => name.endsWith('.tmp'));
  const spool = join(server.folder, 'spool');
  const segment = readdirSync(spool).toSorted().at(-1) ?? '';
  await removeWal(repository, [segment], new AbortController().signal);
  const before = await names();
  // Its file is there for the moment in which its bytes go to the disk.
  const program = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));
  for (let attempt = 0; halves().length < 2; attempt += 1) {
    expect(attempt).toBeLessThan(60);
    await removeWal(repository, [segment], new AbortController().signal);
    const there = halves().length;
    const push = spawn(process.execPath, [program, 'wal', 'push', join(spool, segment)], { cwd: project, stdio: 'ignore' });
    const ended = new Promise((resolve) => push.once('exit', resolve));
    while (push.exitCode === null && halves().length === there) await new Promise((go) => setImmediate(go));
    push.kill('SIGKILL');
    await ended;
  }
  await removeWal(repository, [segment], new AbortController().signal);
  const [old = '', young = ''] = halves();
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  utimesSync(join(group, old), yesterday, yesterday);
  const half = ({ items }: Report) => items.find(({ id }) => id === 'wal-left');
  const planned = await report('backup', 'prune', '--dry-run');
  expect(half(planned)).toMatchObject({
    act: 'remove',
    files: 1,
    message: expect.stringMatching(/^1 half-written files, .*: a run that was killed/),
  });
  expect(planned.summary).toMatchObject({ leftFiles: 1, state: 'planned' });
  expect(halves()).toHaveLength(2);
  expect((await report('backup', 'prune', '--yes')).summary).toMatchObject({ leftFiles: 1, removed: 0 });
  expect(halves()).toEqual([young]);
  expect(half(await report('backup', 'prune', '--dry-run'))).toBeUndefined();
  expect(await names()).toEqual(before);
  // The server asks again.
  expect(await pushWal(repository, join(spool, segment))).toBe('stored');
}, 60_000);

it('leaves all of it while a backup is broken: nobody knows what that one needs', async () => {
  const [newest] = await backups();
  writeFileSync(join(repository.folder, newest?.id ?? '', 'manifest.note'), 'nothing');
  const pruned = await report('backup', 'prune', '--yes');
  expect(walItem(pruned)).toMatchObject({
    act: 'keep',
    message: `all of it stays: what ${newest?.id} would need is not known while its seal is broken`,
  });
});
