import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Item, Report } from '../../../src/core/report.ts';
import { withSession } from '../../../src/db/session.ts';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import { readServerWal } from '../../../src/ops/wal/server.ts';
import { walStatus } from '../../../src/ops/wal/status.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import type { TestServer } from '../../support/server.ts';
import { ask, copied, startWalServer, until, writeSegments } from './support.ts';

let server: TestServer;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-wal-status-'));
const dbctl = (args: readonly string[], url = server.url()) =>
  runCli(['wal', ...args], { cwd: folder, env: { DATABASE_URL: url } });

async function status(
  args: readonly string[] = [],
  url = server.url(),
): Promise<{ exit: number | null; of: (id: string) => Item[]; report: Report }> {
  const { stdout, status: exit } = await dbctl(['status', '--server', '--format', 'json', ...args], url);
  const report = JSON.parse(stdout) as Report;
  return { exit, report, of: (id) => report.items.filter((one) => one.id === id) };
}

beforeAll(async () => {
  server = await startWalServer({ max_slot_wal_keep_size: '96MB' });
  writeFileSync(
    join(folder, 'dbctl.yaml'),
    'version: 1\nproject: wal\nbackup: { repositories: [{ name: here, type: folder, path: backups }, { name: other, type: folder, path: other }] }\n',
  );
  await writeSegments(server.url(), 3);
  await until('three segments', () => copied(server).length >= 3);
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('says that nothing is in the archive, then that it keeps up', async () => {
  const empty = await status();
  expect(empty.exit).toBe(1);
  expect(empty.of('lag')).toMatchObject([{ status: 'fail', message: 'nothing is in the archive' }]);
  for (const name of copied(server)) await dbctl(['push', join(server.folder, 'spool', name)]);
  const full = await status();
  expect(full.report.items.filter((one) => one.status !== 'pass')).toEqual([]);
  expect(full).toMatchObject({ exit: 0, report: { target: { systemIdentifier: full.report.summary['systemIdentifier'] } } });
  expect(full.of('archiver')[0]?.message).toMatch(/^[0-9A-F]{24} was archived \d+ s ago$/);
  expect((await dbctl(['status', '--server'])).stdout).toContain('was archived');
});

it('says that archiving fails, and what waits', async () => {
  await onServer(server.url(), `alter system set archive_command = 'false'`, 'select pg_reload_conf()');
  await writeSegments(server.url(), 3);
  await until('a failure', async () => Number(await ask(server, 'select failed_count from pg_stat_archiver')) > 0);
  const failing = await status(['--max-lag', '20MB']);
  expect(failing.exit).toBe(1);
  expect(failing.of('archiver')[0]).toMatchObject({ status: 'fail', fix: 'runbooks/archive-failing.md' });
  expect(failing.of('archiver')[0]?.message).toMatch(
    /^fails, \d+ s ago with [0-9A-F]{24}, (?:once|\d+ times) in all; nothing was archived for \d+ s$/,
  );
  expect(failing.of('pg-wal')[0]?.message).toMatch(
    /^3 files wait to be archived, the newest [0-9A-F]{24}; the folder has \d+ MB$/,
  );
  expect(failing.of('lag')[0]?.message).toMatch(/^48 MB behind the server, which is at .*; 20 MB is the most$/);
  const { stdout } = await dbctl(['status', '--server', '--format', 'prometheus']);
  for (const line of [
    /^dbctl_wal_archive_ready 3$/m,
    /^dbctl_wal_archive_gaps 0$/m,
    /^dbctl_wal_archive_lag_bytes \d+$/m,
    /^dbctl_wal_archive_failures_total [1-9]/m,
  ])
    expect(stdout).toMatch(line);
  await onServer(server.url(), 'alter system reset archive_command', 'select pg_reload_conf()');
  await until('it archives again', () => copied(server).length >= 6);
  expect((await status()).of('archiver')[0]).toMatchObject({ status: 'pass' });
});

it('shows what slots hold, that one is about to lose it, and that it has', async () => {
  await onServer(server.url(), `select pg_create_physical_replication_slot('forgotten', true)`);
  await writeSegments(server.url(), 3);
  expect((await status()).of('slot')[0]?.message).toMatch(
    /^holds \d+ MB \(physical, nobody uses it\); is cut off after \d+ MB more$/,
  );
  expect((await status(['--max-slot-wal', '16MB'])).of('slot')[0]).toMatchObject({
    status: 'fail',
    fix: 'runbooks/wal-disk-filling.md',
  });
  await writeSegments(server.url(), 9);
  await onServer(server.url(), 'checkpoint');
  expect((await status()).of('slot')[0]?.message).toBe('has lost its log (wal_removed): whoever reads from it has to begin anew');
  expect((await dbctl(['status', '--server', '--format', 'prometheus'])).stdout).toContain(
    'dbctl_wal_slot_lost{slot="forgotten"} 1',
  );
  await onServer(server.url(), `select pg_drop_replication_slot('forgotten')`);
});

it('proposes settings the server takes, once it has seen ten minutes of it', async () => {
  expect((await status()).report.summary['advice']).toEqual([]);
  const facts = await withSession(server.target(), { access: 'read' }, readServerWal);
  expect(facts.rate.bytes).toBeGreaterThan(16 << 20);
  // As if the server had run for a day: its statistics cannot be made older.
  const older = { ...facts, rate: { ...facts.rate, seconds: 86_400 } };
  const inputs = { lagBytes: 1 << 30, slotBytes: null, outageSeconds: 43_200, walDiskBytes: 100 * 1024 ** 3 };
  const { items, advice } = await walStatus(
    folderRepository('here', join(folder, 'backups')),
    { facts: older, user: 'postgres' },
    inputs,
  );
  expect(items.filter(({ id }) => id === 'rate' || id === 'space').map(({ message }) => message)).toEqual([
    expect.stringMatching(/^writes \d+ (?:kB|MB) an hour, over the last 24\.0 h$/),
    expect.stringMatching(/^the free space is enough for .* days of the log$/),
  ]);
  const statements = advice.map((line) => /alter system.*;$/.exec(line)?.[0] ?? '');
  expect(statements).toEqual([
    "alter system set max_slot_wal_keep_size = '1024MB';",
    "alter system set wal_keep_size = '1024MB';",
    "alter system set archive_timeout = '60s';",
  ]);
  await onServer(server.url(), ...statements, 'alter system reset all');
});

it('needs no right but for the folder pg_wal, and says which', async () => {
  await onServer(server.url(), `create role watcher login password 'watch'`);
  const url = server.url().replace(/\/\/postgres:[^@]+@/, '//watcher:watch@');
  const seen = await status([], url);
  expect(seen.of('pg-wal')).toMatchObject([{ status: 'unknown', fix: 'grant pg_monitor to watcher;' }]);
  expect(seen.of('lag')).toHaveLength(1);
  await onServer(server.url(), 'grant pg_monitor to watcher');
  expect((await status([], url)).of('pg-wal')[0]).toMatchObject({ status: 'pass' });
});

it('knows the archive of another server', async () => {
  mkdirSync(join(folder, 'other', '.wal'), { recursive: true });
  writeFileSync(join(folder, 'other', '.wal', 'system'), '42 16777216\n');
  const other = await status(['--repository', 'other']);
  expect(other.of('server')[0]?.message).toMatch(/^the archive is of server 42, and this is \d+$/);
});

it.each<[readonly string[], string]>([
  [['--max-lag', 'much'], '--max-lag: expected a size such as 512MB or 10GB, not "much"'],
  [['--outage', '5'], '--outage: expected a duration such as'],
  [['--wal-disk', '1PB'], '--wal-disk: expected a size'],
])('%j is refused as a mistake', async (args, said) => {
  const { report, exit } = await status(args);
  expect(report.error?.message).toContain(said);
  expect(exit).toBe(2);
});

it('reads every file with --read, and finds the one that rotted', async () => {
  const read = async () => {
    const { stdout, status: exit } = await dbctl(['status', '--read', '--format', 'json']);
    return { exit, report: JSON.parse(stdout) as Report };
  };
  const good = await read();
  const files = good.report.summary['read'];
  expect(good).toMatchObject({ report: { summary: { broken: 0, unread: 0 } } });
  const name = copied(server)[1] ?? '';
  const of = join(folder, 'backups', '.wal', name.slice(0, 16));
  const path = join(of, readdirSync(of).find((one) => one.startsWith(`${name}.`)) ?? '');
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  writeFileSync(path, bytes);
  const rotten = await read();
  expect(rotten).toMatchObject({ exit: 1, report: { ok: false, summary: { read: files, broken: 1, unread: 0 } } });
  expect(rotten.report.items.find(({ id }) => id === 'file')).toMatchObject({ object: name, status: 'fail' });
  const { status: exit, stderr } = await dbctl(['status', '--identity', 'ann']);
  expect([exit, stderr]).toEqual([2, expect.stringContaining('--identity needs --read')]);
});
