import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import { startCluster, stopCluster } from '../../../src/ops/dev/cluster.ts';
import { freePort } from '../../../src/ops/dev/port.ts';
import { pushWal, removeWal } from '../../../src/ops/wal/archive.ts';
import { bringAhead, fetchWalAhead, namesAfter } from '../../../src/ops/wal/prefetch.ts';
import { ensureBuilt } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import type { TestServer } from '../../support/server.ts';
import { ask, copied, startWalServer, until, writeSegments } from './support.ts';

/** A base copy of the server, the log after it in an archive, and what a recovery makes of both. */
let server: TestServer;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-prefetch-'));
const repository = folderRepository('here', join(folder, 'backups'));
const spool = () => join(server.folder, 'spool');
const segments = () => copied(server);

beforeAll(async () => {
  await ensureBuilt();
  server = await startWalServer();
  await onServer(server.url(), 'create table filling (id int, note text)');
  await server.halt();
  spawnSync('cp', ['-a', server.data, join(server.folder, 'copy')]);
  await server.start();
  await writeSegments(server.url(), 12);
  await onServer(server.url(), `insert into filling values (0, 'last')`);
  const last = await ask(server, 'select pg_walfile_name(pg_switch_wal())');
  await until('the log is archived', () => segments().includes(last));
  for (const name of readdirSync(spool()).toSorted()) await pushWal(repository, join(spool(), name));
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Every answer takes a while, however many are asked for at once. */
const slow = (ms: number, of: FolderRepository = repository): FolderRepository => ({
  ...of,
  storage: { ...of.storage, read: async (key) => (await sleep(ms), of.storage.read(key)) },
});

/** Fetches one after the other, as a recovery does; what is brought ahead comes from this very process. */
async function recover(from: FolderRepository, name: string, count: number) {
  const place = join(folder, name);
  mkdirSync(place);
  const target = join(place, 'RECOVERYXLOG');
  const stop = new AbortController();
  const started: Promise<number>[] = [];
  const start = (ahead: string) =>
    void started.push(bringAhead({ repositories: [from], folder: ahead, count, idleMs: 60_000, signal: stop.signal }));
  const began = performance.now();
  const bytes: Buffer[] = [];
  for (const segment of segments().slice(0, 10)) {
    expect(await fetchWalAhead([from], segment, target, count === 0 ? () => {} : start)).toBe(true);
    bytes.push(readFileSync(target));
    renameSync(target, join(place, segment));
  }
  const ms = performance.now() - began;
  stop.abort();
  const brought = (await Promise.all(started)).reduce((sum, one) => sum + one, 0);
  return { bytes, ms, brought, place };
}

describe('what is brought ahead', () => {
  it('is the same, in less time where answers take theirs, and nothing is left of it', async () => {
    const plain = await recover(slow(1_000), 'plain', 0);
    const ahead = await recover(slow(1_000), 'ahead', 8);
    for (const [index, segment] of segments().slice(0, 10).entries()) {
      const original = readFileSync(join(spool(), segment));
      expect(plain.bytes[index]?.equals(original), segment).toBe(true);
      expect(ahead.bytes[index]?.equals(original), segment).toBe(true);
    }
    // Ten that were asked for but the first, and at most eight beyond: none twice.
    expect(ahead.brought).toBeGreaterThanOrEqual(9);
    expect(ahead.brought).toBeLessThanOrEqual(17);
    expect(ahead.ms).toBeLessThan(plain.ms * 0.8);
    await until('the folder is gone', () => !existsSync(join(ahead.place, '.dbctl-prefetch')));
  }, 60_000);

  it.each<[string, (file: string) => void]>([
    ['flipped', (file) => writeFileSync(file, flipped(readFileSync(file)))],
    ['cut', (file) => writeFileSync(file, readFileSync(file).subarray(0, 8_192))],
    ['emptied', (file) => writeFileSync(file, '')],
    ['exchanged for another segment', (file) => writeFileSync(file, readFileSync(join(spool(), segments()[9] ?? '')))],
    [
      'given the name of another segment, with its own hash',
      (file) => renameSync(file, file.replace(/[0-9A-F]{24}(?=\.)/, segments()[2] ?? '')),
    ],
  ])('is not handed over when it was %s', async (name, damage) => {
    const place = join(folder, name);
    mkdirSync(place);
    const target = join(place, 'RECOVERYXLOG');
    const [first = '', second = '', third = ''] = segments();
    const ahead = join(place, '.dbctl-prefetch');
    const stop = new AbortController();
    let running: Promise<number> | undefined;
    const start = (of: string) =>
      void (running ??= bringAhead({ repositories: [repository], folder: of, count: 1, idleMs: 60_000, signal: stop.signal }));
    await fetchWalAhead([repository], first, target, start);
    const ready = () => readdirSync(ahead).find((file) => file.startsWith(`${second}.`) && /\.[0-9a-f]{64}$/.test(file));
    await until('the second is there', () => ready() !== undefined);
    damage(join(ahead, ready() ?? ''));
    const asked = name.startsWith('given') ? third : second;
    expect(await fetchWalAhead([repository], asked, target, start)).toBe(true);
    expect(readFileSync(target).equals(readFileSync(join(spool(), asked)))).toBe(true);
    stop.abort();
    await running;
  });

  it('never answers for the repository: what has gone is gone, what came later is there', async () => {
    const copy = folderRepository('copy', join(folder, 'copy'));
    const [first = '', second = ''] = segments();
    await pushWal(copy, join(spool(), first));
    const target = join(folder, 'asked');
    const ahead = join(folder, '.dbctl-prefetch');
    const stop = new AbortController();
    const running: Promise<number>[] = [];
    const start = (of: string) =>
      void running.push(bringAhead({ repositories: [copy], folder: of, count: 4, idleMs: 60_000, signal: stop.signal }));
    expect(await fetchWalAhead([copy], first, target, start)).toBe(true);
    expect(await fetchWalAhead([copy], second, target, start)).toBe(false);
    await pushWal(copy, join(spool(), second));
    expect(await fetchWalAhead([copy], second, target, start)).toBe(true);
    await removeWal(copy, [first], new AbortController().signal);
    expect(await fetchWalAhead([copy], first, target, start)).toBe(false);
    stop.abort();
    await Promise.all(running);
    await until('the folder is gone', () => !existsSync(ahead));
  });

  it('ends when nobody has asked for a while, and leaves nothing', async () => {
    const place = join(folder, 'idle');
    mkdirSync(place);
    const [first = ''] = segments();
    let running: Promise<number> = Promise.resolve(0);
    const start = (of: string) =>
      void (running = bringAhead({
        repositories: [repository],
        folder: of,
        count: 2,
        idleMs: 1_500,
        signal: new AbortController().signal,
      }));
    await fetchWalAhead([repository], first, join(place, 'RECOVERYXLOG'), start);
    expect(await running).toBe(2);
    expect(readdirSync(place)).toEqual(['RECOVERYXLOG']);
  });

  it('waits for nobody who was killed', async () => {
    const place = join(folder, 'killed');
    const ahead = join(place, '.dbctl-prefetch');
    mkdirSync(ahead, { recursive: true });
    const [first = ''] = segments();
    writeFileSync(join(ahead, `${first}.coming`), '');
    writeFileSync(join(ahead, 'lock'), JSON.stringify({ pid: 999_999_999, started: 'long ago', token: 'x' }));
    const began = performance.now();
    expect(await fetchWalAhead([repository], first, join(place, 'RECOVERYXLOG'), () => {})).toBe(true);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('is of one timeline, in the order of the log', () => {
    const size = 16 << 20;
    expect(namesAfter('0000000200000001000000FE', 3, size)).toEqual([
      '0000000200000001000000FF',
      '000000020000000200000000',
      '000000020000000200000001',
    ]);
    expect(namesAfter('00000002.history', 3, size)).toEqual([]);
  });
});

const flipped = (bytes: Buffer): Buffer => (bytes.writeUInt8((bytes[5_000_000] ?? 0) ^ 1, 5_000_000), bytes);

it('a server recovers with it as restore_command, to the last row, and the process in the background ends', async () => {
  const data = join(server.folder, 'copy');
  const [port, socket] = [await freePort(), await server.giveFolder('copy-socket')];
  const yaml = await server.give(
    join(spool(), '..', 'logs', 'dbctl.yaml'),
    `version: 1\nproject: wal\nbackup: { repositories: [{ name: here, type: folder, path: ${join(server.folder, 'logs', 'backups')} }] }\n`,
  );
  spawnSync('cp', ['-a', repository.folder, join(server.folder, 'logs', 'backups')]);
  spawnSync('chown', ['-R', `--reference=${data}`, join(server.folder, 'logs', 'backups')]);
  const program = join(import.meta.dirname, '../../../bin/dbctl.js');
  const command = `${process.execPath} ${program} wal fetch --prefetch 4 --config ${yaml} %f %p; s=$?; [ $s -le 1 ] && exit $s; exit 255`;
  writeFileSync(join(data, 'postgresql.auto.conf'), `restore_command = '${command}'\narchive_mode = off\n`, { flag: 'a' });
  writeFileSync(join(data, 'recovery.signal'), '');
  rmSync(join(data, 'postmaster.pid'), { force: true });
  const programs = { binFolder: server.binFolder, account: server.account };
  const log = join(server.folder, 'logs', 'copy.log');
  const ended = await startCluster(programs, data, { port, socket }, log);
  expect(ended.status, ended.stderr).toBe(0);
  const url = `postgresql://postgres:${server.password}@127.0.0.1:${port}/postgres`;
  try {
    await until(
      'it has left recovery',
      async () => (await ask({ ...server, url: () => url }, 'select pg_is_in_recovery()')) === 'false',
      40,
    );
    expect(await ask({ ...server, url: () => url }, 'select count(*) from filling')).toBe(
      await ask(server, 'select count(*) from filling'),
    );
    const restored = readFileSync(log, 'utf8').match(/restored log file "[0-9A-F]{24}" from archive/g) ?? [];
    expect(restored.length).toBeGreaterThan(10);
  } finally {
    await stopCluster(programs, data, 'immediate');
  }
  // Whoever was started in the background goes when it is not wanted any more, and not only after half a minute.
  const ahead = join(data, 'pg_wal', '.dbctl-prefetch');
  const { pid } = JSON.parse(readFileSync(join(ahead, 'lock'), 'utf8')) as { pid: number };
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  rmSync(ahead, { recursive: true, force: true });
  await until('the process has ended', () => !existsSync(`/proc/${pid}`));
}, 120_000);
