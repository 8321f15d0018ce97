import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import { fetchWal, pushWal, readArchive } from '../../../src/ops/wal/archive.ts';
import { findGaps, parseWalName, readHeader, segmentName } from '../../../src/ops/wal/segment.ts';
import { PLAIN } from '../../../src/ops/codec/codec.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { faultsOf } from '../../support/faults.ts';

/** Segments of a real server, as it hands them to archive_command: it copies them to a spool, and the tests push them from there. */
let server: TestServer;
let spool: string;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-wal-'));
const repository = folderRepository('wal', join(folder, 'repository'));
const files = () => readdirSync(spool).toSorted();
const segments = () => files().filter((name) => parseWalName(name)?.kind === 'segment');
const storedPath = (name: string, of = repository) => join(of.folder, '.wal', name.slice(0, 16), `${name}.gz`);

beforeAll(async () => {
  server = await startServer({
    settings: { wal_level: 'replica', max_wal_senders: '4', archive_mode: 'on', archive_command: 'cp "%p" "$PWD/../spool/%f"' },
    prepare: async (made) => void (await made.giveFolder('spool')),
  });
  spool = join(server.folder, 'spool');
  await onServer(server.url(), 'create table t (id int, note text)');
  for (let round = 0; round < 6; round += 1) {
    await onServer(
      server.url(),
      `insert into t select n, repeat('x', 100) from generate_series(1, 5000) n`,
      'select pg_switch_wal()',
    );
  }
  for (let waited = 0; segments().length < 6 && waited < 200; waited += 1) await new Promise((go) => setTimeout(go, 100));
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the archive', () => {
  it('takes what the server gives, again as well, and gives it back byte for byte', async () => {
    // The server goes on archiving.
    const given = files();
    for (const name of given) expect(await pushWal(repository, join(spool, name))).toBe('stored');
    for (const name of given) expect(await pushWal(repository, join(spool, name)), name).toBe('there already');
    expect((await readArchive(repository)).names).toEqual(given);
    for (const name of given) {
      const target = join(folder, 'fetched');
      expect(await fetchWal(repository, name, target)).toBe(true);
      expect(readFileSync(target).equals(readFileSync(join(spool, name))), name).toBe(true);
    }
    expect(await fetchWal(repository, '0000000100000000000000FF', join(folder, 'none'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('.dbctl-'))).toEqual([]);
  });

  it('of twenty pushes at once has one file, and all of them succeed', async () => {
    const [name = ''] = segments();
    const race = folderRepository('race', join(folder, 'race'));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => pushWal(race, join(spool, name))));
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
    expect(readdirSync(join(race.folder, '.wal', name.slice(0, 16)))).toEqual([`${name}.gz`]);
  });
});

describe('a push', () => {
  faultsOf('archive');
  const place = join(folder, 'faulty');
  beforeAll(() => mkdirSync(place, { recursive: true }));
  const segment = (change: (bytes: Buffer) => Buffer, name = segments()[0] ?? '') => {
    writeFileSync(join(place, name), change(readFileSync(join(spool, segments()[0] ?? ''))));
    return join(place, name);
  };

  it.each<[string, () => string, RegExp]>([
    ['of a segment cut short', () => segment((bytes) => bytes.subarray(0, 1_000_000)), /has 1000000 bytes instead of 16777216$/],
    ['of an empty file', () => segment(() => Buffer.alloc(0)), /does not begin as a segment of a write-ahead log$/],
    ['of zeros', () => segment((bytes) => Buffer.alloc(bytes.length)), /does not begin as a segment of a write-ahead log$/],
    ['of something else', () => segment(() => Buffer.from('not a log')), /does not begin as a segment/],
    [
      'under the name of another segment',
      () => segment((bytes) => bytes, segments()[1]),
      /holds another part of the log than its name says$/,
    ],
    [
      'under the name of an earlier timeline',
      () => segment((bytes) => (bytes.writeUInt32LE(7, 4), bytes)),
      /is of timeline 7, and its name says 1$/,
    ],
    [
      'of another server',
      () => segment((bytes) => (bytes.writeBigUInt64LE(42n, 24), bytes)),
      /^the archive is of server \d+, and this file of 42$/,
    ],
    [
      'of another content',
      () => segment((bytes) => (bytes.writeUInt8(1, 5_000_000), bytes)),
      /^the archive has another [0-9A-F]{24}$/,
    ],
    [
      'of a file that is no part of a log',
      () => (writeFileSync(join(place, 'passwd'), 'x'), join(place, 'passwd')),
      /^passwd is no file of a write-ahead log$/,
    ],
    [
      'of a history without words',
      () => (writeFileSync(join(place, '00000002.history'), ''), join(place, '00000002.history')),
      /is empty$/,
    ],
    ['of a file that is not there', () => join(place, '0000000100000000000000AA'), /cannot be read: ENOENT$/],
  ])('%s is refused, and the archive is as it was', async (_name, make, said) => {
    const before = await readArchive(repository);
    await expect(pushWal(repository, make())).rejects.toThrow(said);
    expect(await readArchive(repository)).toEqual(before);
  });
});

describe('a fetch', () => {
  faultsOf('archive');
  const damaged = async (change: (path: string) => void) => {
    const copy = folderRepository('damaged', join(folder, `damaged-${Math.random()}`));
    const [name = '', next = ''] = segments();
    for (const one of [name, next]) await pushWal(copy, join(spool, one));
    change(storedPath(name, copy));
    const target = join(folder, 'recovery');
    rmSync(target, { force: true });
    const outcome = await fetchWal(copy, name, target).catch((thrown: Error) => thrown.message);
    expect(readdirSync(folder)).not.toContain('recovery');
    return outcome;
  };

  it.each<[string, (path: string) => void, RegExp]>([
    ['flipped', (path) => flip(path), /in the archive (?:cannot be unpacked|does not begin)/],
    ['cut', (path) => truncateSync(path, 1000), /cannot be unpacked/],
    ['emptied', (path) => truncateSync(path, 0), /cannot be unpacked/],
    [
      'exchanged for the next one',
      (path) =>
        copyFileSync(
          path.replace(/..\.gz$/, (end) => `0${Number(end[1]) + 1}.gz`),
          path,
        ),
      /holds another part of the log than its name says$/,
    ],
    [
      'packed anew with less in it',
      (path) => writeFileSync(path, gzipSync(gunzipSync(readFileSync(path)).subarray(0, 8192))),
      /has 8192 bytes instead of 16777216$/,
    ],
    ['replaced by a folder', (path) => (rmSync(path), mkdirSync(path)), /it is not a plain file$/],
  ])('of a file that was %s is no end of the log', async (_name, change, said) => {
    expect(await damaged(change)).toMatch(said);
  });

  it('of a file that was renamed away is', async () => {
    expect(await damaged((path) => renameSync(path, `${path}.old`))).toBe(false);
  });
});

describe('without compression', () => {
  const plain = folderRepository('plain', join(folder, 'plain'), { ...PLAIN, log: 'none' });
  const target = join(folder, 'plain-target');

  it('a segment comes back byte for byte, and one flipped bit of it is found', async () => {
    const [name = ''] = segments();
    expect(await pushWal(plain, join(spool, name))).toBe('stored');
    expect(await pushWal(plain, join(spool, name))).toBe('there already');
    expect(await fetchWal(plain, name, target)).toBe(true);
    expect(readFileSync(target).equals(readFileSync(join(spool, name)))).toBe(true);
    const [stored = ''] = readdirSync(join(plain.folder, '.wal', name.slice(0, 16)));
    flip(join(plain.folder, '.wal', name.slice(0, 16), stored));
    await expect(fetchWal(plain, name, target)).rejects.toThrow(`${name} in the archive cannot be unpacked`);
  });
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8((bytes[middle] ?? 0) ^ 1, middle);
  writeFileSync(path, bytes);
}

describe('names and gaps', () => {
  it('are read from real segments', () => {
    for (const name of segments()) {
      const header = readHeader(readFileSync(join(spool, name)));
      expect(header).toMatchObject({ timeline: 1, segmentBytes: 16 * 1024 * 1024 });
      expect(segmentName(1, header?.address ?? 0n, header?.segmentBytes ?? 0)).toBe(name);
    }
  });

  it('are found by arithmetic, over logs and timelines', () => {
    const size = 16 * 1024 * 1024;
    const run = (first: string, count: number, timeline = 1) =>
      Array.from({ length: count }, (_, n) => segmentName(timeline, BigInt(`0x${first}`) + BigInt(n * size), size));
    expect(findGaps(run('FE000000', 5), size)).toEqual([]);
    expect(run('FE000000', 3)).toEqual(['0000000100000000000000FE', '0000000100000000000000FF', '000000010000000100000000']);
    const gap = [
      ...run('FD000000', 2),
      ...run('101000000', 2),
      ...run('200000000', 1, 2),
      '00000002.history',
      '000000020000000200000001.partial',
    ];
    expect(findGaps(gap, size)).toEqual([
      { timeline: 1, first: '0000000100000000000000FF', last: '000000010000000100000000', count: 2 },
    ]);
  });
});

describe('at the terminal', () => {
  it('push, fetch and status answer as a server and a person need it', async () => {
    const project = mkdtempSync(join(tmpdir(), 'dbctl-wal-cli-'));
    writeFileSync(
      join(project, 'dbctl.yaml'),
      'version: 1\nproject: wal\nbackup: { repositories: [{ name: here, type: folder, path: backups }], compression: gzip }\n',
    );
    const dbctl = (...args: readonly string[]) => runCli(args, { cwd: project, env: {} });
    const status = async () => JSON.parse((await dbctl('wal', 'status', '--format', 'json')).stdout) as Report;
    expect((await dbctl('wal', 'status')).stdout).toContain('Nothing was archived yet.');
    const [first = '', second = '', third = ''] = segments();
    for (const name of [first, third]) expect((await dbctl('wal', 'push', join(spool, name))).status).toBe(0);
    expect(await status()).toMatchObject({ ok: false, summary: { segments: 2, gaps: 1 } });
    expect((await dbctl('wal', 'status')).stdout).toContain(`${second} is missing`);
    expect((await dbctl('wal', 'push', join(spool, second))).status).toBe(0);
    expect(await status()).toMatchObject({ ok: true, summary: { segments: 3, gaps: 0 } });
    const target = join(project, 'RECOVERYXLOG');
    expect((await dbctl('wal', 'fetch', first, target)).status).toBe(0);
    expect((await dbctl('wal', 'fetch', '0000000100000000000000FF', target)).status).toBe(1);
    flip(join(project, 'backups', '.wal', first.slice(0, 16), `${first}.gz`));
    // Above 1, so that the restore_command of the help stops the recovery.
    expect((await dbctl('wal', 'fetch', first, target)).status).toBe(4);
    rmSync(project, { recursive: true, force: true });
  }, 60_000);
});
