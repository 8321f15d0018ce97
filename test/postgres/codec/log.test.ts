import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLAIN, type Codec } from '../../../src/ops/codec/codec.ts';
import { createIdentity, openIdentity } from '../../../src/ops/codec/identity.ts';
import { rewrapLog } from '../../../src/ops/codec/rewrap.ts';
import { logKeysOf } from '../../../src/ops/wal/log-keys.ts';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import { fetchWal, pushWal, readArchive } from '../../../src/ops/wal/archive.ts';
import { parseWalName } from '../../../src/ops/wal/segment.ts';
import { faultsOf } from '../../support/faults.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';

/** The archive of the log of a real server, encrypted. Whoever pushes has no identity, and fails when one is asked for. */
let server: TestServer;
let spool: string;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-log-'));
const CANARY = 'canary-7d1e-yellow';
const recipients: Record<string, string> = {};
const files = () => readdirSync(spool).toSorted();
const segments = () => files().filter((name) => parseWalName(name)?.kind === 'segment');
const at = (name: string) => join(spool, name);

const pusher = (names: readonly string[], changes: Partial<Codec> = {}): Codec => ({
  ...PLAIN,
  log: 'auto',
  recipients: names.map((name) => recipients[name] ?? ''),
  logKey: join(folder, 'memory', 'key.json'),
  ...changes,
});
const reader = (name: string): Codec => ({
  ...PLAIN,
  identity: () => openIdentity({ kind: 'file', file: `${name}.identity` }, { variables: {}, folder }),
});
const archive = (name: string, codec: Codec): FolderRepository => folderRepository(name, join(folder, name), codec);
const keys = (name: string) => readdirSync(join(folder, name, '.wal', 'keys')).toSorted();
const storedPath = (of: string, name: string) => {
  const group = join(folder, of, '.wal', name.slice(0, 16));
  return join(group, readdirSync(group).find((one) => one.startsWith(`${name}.`)) ?? 'none');
};
const fetched = async (from: FolderRepository, name: string) => {
  const target = join(folder, 'fetched');
  rmSync(target, { force: true });
  return (await fetchWal(from, name, target)) ? readFileSync(target) : null;
};

beforeAll(async () => {
  server = await startServer({
    settings: { wal_level: 'replica', archive_mode: 'on', archive_command: 'cp "%p" "$PWD/../spool/%f"' },
    prepare: async (made) => void (await made.giveFolder('spool')),
  });
  const spooled = join(server.folder, 'spool');
  await onServer(server.url(), 'create table t (id int, note text)');
  for (let round = 0; round < 4; round += 1) {
    await onServer(
      server.url(),
      `insert into t select n, '${CANARY}' || n from generate_series(1, 5000) n`,
      'select pg_switch_wal()',
    );
  }
  spool = join(folder, 'spool');
  mkdirSync(spool);
  const whole = () =>
    readdirSync(spooled).filter(
      (name) => parseWalName(name)?.kind === 'segment' && statSync(join(spooled, name)).size === 1 << 24,
    );
  for (let waited = 0; whole().length < 4 && waited < 200; waited += 1) await new Promise((go) => setTimeout(go, 100));
  for (const name of whole().toSorted().slice(0, 4)) cpSync(join(spooled, name), at(name));
  await server.stop();
  writeFileSync(at('00000002.history'), '1\t0/3000000\tno recovery target specified\n');
  for (const name of ['ann', 'bob']) recipients[name] = await createIdentity(join(folder, `${name}.identity`), new Date());
}, 90_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an encrypted archive of the log', () => {
  const own = () => archive('own', pusher(['ann', 'bob']));

  it('takes files without an identity, knows the same again, and refuses others of that name', async () => {
    for (const name of files()) expect(await pushWal(own(), at(name)), name).toBe('stored');
    for (const name of files()) expect(await pushWal(own(), at(name)), name).toBe('there already');
    expect((await readArchive(own())).names).toEqual(files());
    const [first = ''] = segments();
    const other = Buffer.from(readFileSync(at(first)));
    other[other.length - 1] = 1;
    writeFileSync(join(folder, first), other);
    await expect(pushWal(own(), join(folder, first))).rejects.toThrow(`the archive has another ${first}`);
    expect(keys('own')).toHaveLength(1);
  });

  it('has nothing in clear but which server it is of', () => {
    const stored = readdirSync(join(folder, 'own', '.wal'), { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    for (const one of stored) {
      const path = join(one.parentPath, one.name);
      expect(statSync(path).mode & 0o077).toBe(0);
      expect(readFileSync(path).includes(CANARY), one.name).toBe(false);
      if (!['system'].includes(one.name))
        expect(readFileSync(path, 'latin1').slice(0, 13)).toMatch(/^(?:dbctl log v1 |-----BEGIN AG)/);
    }
  });

  it('gives every file back byte for byte, with one question to the identity', async () => {
    writeFileSync(
      join(folder, 'opener.mjs'),
      `import { appendFileSync } from 'node:fs';
import { armor, Decrypter } from '${new URL('../../../node_modules/age-encryption/dist/index.js', import.meta.url).href}';
import { buffer } from 'node:stream/consumers';
const decrypter = new Decrypter();
decrypter.addIdentity(process.argv[2]);
appendFileSync('asked', 'x');
process.stdout.write(await decrypter.decrypt(armor.decode((await buffer(process.stdin)).toString()), 'text'));
`,
    );
    const secret = readFileSync(join(folder, 'bob.identity'), 'utf8').split('\n')[2] ?? '';
    const identity = openIdentity(
      { kind: 'command', command: [process.execPath, 'opener.mjs', secret] },
      { variables: {}, folder },
    );
    const from = archive('own', { ...PLAIN, identity: () => identity });
    for (const name of files()) expect((await fetched(from, name))?.equals(readFileSync(at(name))), name).toBe(true);
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('x');
    expect(await fetched(from, '0000000100000000000000FF')).toBe(null);
  });

  it('opens for nobody else', async () => {
    const [first = ''] = segments();
    await createIdentity(join(folder, 'eve.identity'), new Date());
    await expect(fetched(archive('own', PLAIN), first)).rejects.toMatchObject({ code: 'refused' });
    await expect(fetched(archive('own', reader('eve')), first)).rejects.toThrow(
      /eve\.identity does not open \.wal\/keys\/[0-9a-f]{16}\.age/,
    );
  });

  it('races: of many that push one file at once, one stores it', async () => {
    const [first = ''] = segments();
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        pushWal(archive('race', pusher(['ann'], { logKey: join(folder, `race-${n % 3}`) })), at(first)),
      ),
    );
    expect(outcomes.toSorted()).toEqual(['stored', ...Array.from({ length: 7 }, () => 'there already')].toSorted());
    expect((await fetched(archive('race', reader('ann')), first))?.equals(readFileSync(at(first)))).toBe(true);
  });

  it('goes on where the archive was plain before, and the same is the same', async () => {
    const [first = '', second = ''] = segments();
    expect(await pushWal(archive('mixed', PLAIN), at(first))).toBe('stored');
    const sealed = archive('mixed', pusher(['ann']));
    expect(await pushWal(sealed, at(first))).toBe('there already');
    expect(await pushWal(sealed, at(second))).toBe('stored');
    expect((await readArchive(sealed)).names).toEqual([first, second]);
    for (const name of [first, second])
      expect((await fetched(archive('mixed', reader('ann')), name))?.equals(readFileSync(at(name)))).toBe(true);
  });
});

describe('the pair the log is encrypted to', () => {
  it('is another one for other recipients, for a lost memory, and where its file is gone or no key', async () => {
    const [first = '', second = '', third = '', fourth = ''] = segments();
    const codec = (names: readonly string[]) => pusher(names, { logKey: join(folder, 'pair.json') });
    await pushWal(archive('pairs', codec(['ann'])), at(first));
    expect(keys('pairs')).toHaveLength(1);
    await pushWal(archive('pairs', codec(['ann', 'bob'])), at(second));
    expect(keys('pairs')).toHaveLength(2);
    rmSync(join(folder, 'pair.json'));
    await pushWal(archive('pairs', codec(['bob', 'ann'])), at(third));
    expect(keys('pairs')).toHaveLength(3);
    // Segments nobody could open would be worse than one more pair.
    for (const name of keys('pairs')) writeFileSync(join(folder, 'pairs', '.wal', 'keys', name), '');
    await pushWal(archive('pairs', codec(['ann', 'bob'])), at(fourth));
    expect(keys('pairs')).toHaveLength(4);
    expect(statSync(join(folder, 'pair.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'pair.json'), 'utf8')).not.toContain('SECRET');
    expect((await fetched(archive('pairs', reader('bob')), fourth))?.equals(readFileSync(at(fourth)))).toBe(true);
  });

  it('is opened by new recipients after a rewrap, and no longer by removed ones; segments are not touched', async () => {
    const [first = ''] = segments();
    await pushWal(archive('turned', pusher(['ann'], { logKey: null })), at(first));
    const before = statSync(storedPath('turned', first));
    const turned = await rewrapLog(archive('turned', { ...reader('ann'), recipients: [recipients['bob'] ?? ''] }));
    expect(turned.map(({ outcome }) => outcome)).toEqual(['rewrapped']);
    expect(await logKeysOf(archive('turned', pusher([])))).toEqual(turned.map(({ id }) => id));
    expect((await fetched(archive('turned', reader('bob')), first))?.equals(readFileSync(at(first)))).toBe(true);
    await expect(fetched(archive('turned', reader('ann')), first)).rejects.toThrow('it was wrapped for others');
    const after = statSync(storedPath('turned', first));
    expect([after.mtimeMs, after.ino]).toEqual([before.mtimeMs, before.ino]);
    const again = await rewrapLog(archive('turned', { ...reader('ann'), recipients: [recipients['bob'] ?? ''] }));
    expect(again[0]).toMatchObject({ outcome: 'failed', problem: expect.stringContaining('wrapped for others') as string });
  });
});

describe('a recovery does not believe', () => {
  faultsOf('encrypted log');
  const change = (path: string, edit: (bytes: Buffer) => Buffer) => writeFileSync(path, edit(readFileSync(path)));
  const flip = (place: (bytes: Buffer) => number) => (bytes: Buffer) => {
    const index = place(bytes);
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    return bytes;
  };
  const line = (bytes: Buffer) => bytes.indexOf('\n');
  it.each<[string, (path: string, other: string) => void, RegExp]>([
    [
      'a flipped bit',
      (path) =>
        change(
          path,
          flip((bytes) => bytes.length >> 1),
        ),
      /was changed in frame \d+/,
    ],
    ['a file that is cut short', (path) => change(path, (bytes) => bytes.subarray(0, -100)), /is cut short in frame \d+/],
    [
      'a file that is cut at a frame',
      (path) => change(path, (bytes) => bytes.subarray(0, line(bytes) + 1 + 80)),
      /is cut short in frame 0/,
    ],
    ['a file that was prolonged', (path) => appendFileSync(path, 'x'), /goes on behind its last frame/],
    ['an empty file', (path) => writeFileSync(path, ''), /is not encrypted by dbctl, or its first line was changed/],
    [
      'another segment in its place',
      (path, other) => writeFileSync(path, readFileSync(other)),
      /was encrypted under another name/,
    ],
    [
      'another line in front of it',
      (path, other) => {
        const [own, foreign] = [readFileSync(path), readFileSync(other)];
        writeFileSync(path, Buffer.concat([foreign.subarray(0, line(foreign) + 1), own.subarray(line(own) + 1)]));
      },
      /the key does not open/,
    ],
    [
      'a wrapped key with a flipped bit',
      (path) =>
        change(
          path,
          flip((bytes) => bytes.indexOf('"wrapped":"') + 60),
        ),
      /cannot be unpacked|does not|first line was changed/,
    ],
    [
      'a line that was edited',
      (path) => change(path, (bytes) => Buffer.concat([Buffer.from('x'), bytes])),
      /first line was changed/,
    ],
  ])('%s', async (name, fault, said) => {
    const [first = '', second = ''] = segments();
    const own = `fault-${name.replaceAll(' ', '-')}`;
    for (const segment of [first, second]) await pushWal(archive(own, pusher(['ann'], { logKey: null })), at(segment));
    const path = storedPath(own, first);
    fault(path, storedPath(own, second));
    await expect(fetched(archive(own, reader('ann')), first)).rejects.toThrow(said);
    await expect(fetched(archive(own, reader('ann')), first)).rejects.not.toMatchObject({ code: 'usage' });
  });

  it('a missing pair', async () => {
    const [first = ''] = segments();
    await pushWal(archive('no-pair', pusher(['ann'], { logKey: null })), at(first));
    for (const name of keys('no-pair')) rmSync(join(folder, 'no-pair', '.wal', 'keys', name));
    await expect(fetched(archive('no-pair', reader('ann')), first)).rejects.toThrow(/\.wal\/keys\/[0-9a-f]{16}\.age is missing/);
  });
});
