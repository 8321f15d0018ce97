import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { folderRepository, type Repository } from '../../../src/ops/backup/repository.ts';
import { PLAIN, type Codec } from '../../../src/ops/codec/codec.ts';
import { createIdentity, openIdentity } from '../../../src/ops/codec/identity.ts';
import { pushWal } from '../../../src/ops/wal/archive.ts';
import { readWholeArchive } from '../../../src/ops/wal/read-archive.ts';
import { encodeLog } from '../../../src/ops/wal/stored.ts';
import { startS3Server, type S3Server } from '../../support/s3-server.ts';
import { labStorage } from '../storage/support.ts';

/** Every fault an archive can get while it lies there, in a folder and in a bucket, plain and encrypted. Segments of 1 MB, the smallest there are. */
const MB = 1 << 20;
const root = mkdtempSync(join(tmpdir(), 'dbctl-read-archive-'));
const segmentOf = (number: number): string => `0000000200000000${number.toString(16).toUpperCase().padStart(8, '0')}`;
const [ONE, TWO, HISTORY, LABEL] = [segmentOf(1), segmentOf(2), '00000002.history', `${segmentOf(2)}.00000028.backup`];
const recipients: Record<string, string> = {};
let servers: S3Server[] = [];
let count = 0;

function segment(number: number, system = 42n, timeline = 2): Buffer {
  const bytes = Buffer.alloc(MB);
  // What is in it does not compress: half of it.
  for (let at = 0; at < MB / 2; at += 32) createHash('sha256').update(`${number} ${at}`).digest().copy(bytes, at);
  bytes.writeUInt16LE(0xd118, 0);
  bytes.writeUInt16LE(2, 2);
  bytes.writeUInt32LE(timeline, 4);
  bytes.writeBigUInt64LE(BigInt(number * MB), 8);
  bytes.writeBigUInt64LE(system, 24);
  bytes.writeUInt32LE(MB, 32);
  bytes.writeUInt32LE(8192, 36);
  return bytes;
}

const FILES: Readonly<Record<string, Buffer>> = {
  [ONE]: segment(1),
  [TWO]: segment(2),
  [segmentOf(3)]: segment(3),
  [HISTORY]: Buffer.from('1\t0/100000\tno recovery target specified\n'),
  [LABEL]: Buffer.from(`START WAL LOCATION: 0/200028 (file ${TWO})\n`),
};

const encrypted = (identity: string | null): Codec => ({
  ...PLAIN,
  recipients: [recipients['ann'] ?? ''],
  logKey: join(root, `memory-${count}`),
  ...(identity === null
    ? {}
    : { identity: () => openIdentity({ kind: 'file', file: identity }, { variables: {}, folder: root }) }),
});

/** An archive with all files, in a place of its own. */
async function archive(place: string, codec: Codec): Promise<Repository> {
  count += 1;
  const folder = folderRepository('here', join(root, String(count)), codec);
  const repository = place === 'folder' ? folder : { ...folder, storage: await bucket() };
  mkdirSync(join(root, `spool-${count}`));
  for (const [name, bytes] of Object.entries(FILES)) {
    const path = join(root, `spool-${count}`, name);
    writeFileSync(path, bytes);
    await pushWal(repository, path);
  }
  return repository;
}

async function bucket() {
  const server = await startS3Server();
  servers.push(server);
  return labStorage(server);
}

const keyOf = async ({ storage }: Repository, name: string): Promise<string> =>
  (await storage.list('.wal/')).find(({ key }) => key.includes(`/${name}`) && (name.length > 24 || !key.includes('.backup')))
    ?.key ?? '';
const contentOf = async (repository: Repository, name: string): Promise<Buffer> =>
  buffer((await repository.storage.read(await keyOf(repository, name))) ?? Readable.from([]));
const put = async (repository: Repository, name: string, content: Buffer): Promise<void> =>
  repository.storage.write(await keyOf(repository, name), content);
const changed = (name: string, change: (bytes: Buffer) => Buffer) => async (repository: Repository) =>
  put(repository, name, change(await contentOf(repository, name)));
const read = async (repository: Repository) => {
  const { problems, ...rest } = await readWholeArchive(repository, {
    signal: new AbortController().signal,
    onBytes: () => undefined,
  });
  return { ...rest, problems: problems.map(({ name, message, unread }) => `${unread ? '? ' : ''}${name} ${message}`) };
};

beforeAll(async () => {
  for (const name of ['ann', 'eve']) recipients[name] = await createIdentity(join(root, name), new Date());
});
afterEach(async () => {
  for (const server of servers) await server.stop();
  servers = [];
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What somebody without an identity sees of it in an encrypted archive; null: nothing. */
type Fault = [name: string, act: (repository: Repository) => Promise<void>, said: RegExp, outside: RegExp | null];
const FAULTS: readonly Fault[] = [
  [
    'a bit that flipped',
    changed(TWO, (bytes) => (bytes.writeUInt8(bytes.readUInt8(300_000) ^ 1, 300_000), bytes)),
    new RegExp(`^${TWO} `),
    null,
  ],
  [
    'a segment that was cut short',
    changed(TWO, (bytes) => bytes.subarray(0, 200_000)),
    new RegExp(`^${TWO} `),
    /ends before its last frame does$/,
  ],
  ['an empty one', changed(TWO, () => Buffer.alloc(0)), new RegExp(`^${TWO} `), /is not encrypted by dbctl/],
  [
    'one that goes on',
    changed(TWO, (bytes) => Buffer.concat([bytes, Buffer.from('more')])),
    new RegExp(`^${TWO} `),
    /goes on behind its last frame$/,
  ],
  [
    'something else in its place',
    changed(TWO, () => Buffer.from('not a log')),
    new RegExp(`^${TWO} `),
    /is not encrypted by dbctl/,
  ],
  [
    'one larger than any',
    changed(TWO, () => Buffer.alloc(2 * MB)),
    new RegExp(`^${TWO} has 2097152 bytes, more than a segment takes$`),
    /more than a segment takes$/,
  ],
  [
    'two that changed places',
    async (repository) => {
      const [one, two] = [await contentOf(repository, ONE), await contentOf(repository, TWO)];
      await put(repository, ONE, two);
      await put(repository, TWO, one);
    },
    new RegExp(`^${ONE} .*; ${TWO} `),
    null,
  ],
  [
    'one of another server',
    async (repository) => put(repository, TWO, (await encodeLog(repository, TWO, segment(2, 43n))).content),
    new RegExp(`^${TWO} is of server 43, and the archive of 42$`),
    null,
  ],
  [
    'one of a later timeline',
    async (repository) => put(repository, TWO, (await encodeLog(repository, TWO, segment(2, 42n, 3))).content),
    new RegExp(`^${TWO} is of timeline 3, and its name says 2$`),
    null,
  ],
  [
    'a history of another timeline',
    async (repository) =>
      put(repository, HISTORY, (await encodeLog(repository, HISTORY, Buffer.from('2\t0/100000\tx\n'))).content),
    /^00000002\.history leads over timeline 2, and its name says 2$/,
    null,
  ],
  [
    'a history that is none',
    async (repository) => put(repository, HISTORY, (await encodeLog(repository, HISTORY, Buffer.from('words\n'))).content),
    /^00000002\.history .*a line that is no switch of timelines: words$/,
    null,
  ],
  [
    'a label of another backup',
    async (repository) => put(repository, LABEL, (await encodeLog(repository, LABEL, Buffer.from(`(file ${ONE})\n`))).content),
    new RegExp(`^${LABEL} is the label of another backup than its name says$`),
    null,
  ],
];

describe.each(['folder', 'bucket'])('an archive in a %s', (place) => {
  it('is whole, plain and encrypted; without an identity it is looked at from outside', async () => {
    expect(await read(await archive(place, PLAIN))).toMatchObject({ files: 5, outside: 0, problems: [] });
    const open = await archive(place, encrypted('ann'));
    expect(await read(open)).toMatchObject({ files: 5, outside: 0, problems: [] });
    expect(await read({ ...open, codec: encrypted(null) })).toMatchObject({ files: 5, outside: 5, problems: [] });
  });

  it.each(FAULTS)('%s is found', async (_name, act, said, outside) => {
    const plain = await archive(place, PLAIN);
    await act(plain);
    expect((await read(plain)).problems.join('; ')).toMatch(said);
    const open = await archive(place, encrypted('ann'));
    await act(open);
    expect((await read(open)).problems.join('; ')).toMatch(said);
    const { problems } = await read({ ...open, codec: encrypted(null) });
    if (outside === null) expect(problems).toEqual([]);
    else expect(problems.join('; ')).toMatch(outside);
  });

  it('needs the pair its files are encrypted to, and an identity that opens it', async () => {
    const open = await archive(place, encrypted('ann'));
    expect((await read({ ...open, codec: encrypted('eve') })).problems).toEqual(
      [HISTORY, ONE, TWO, LABEL, segmentOf(3)]
        .toSorted()
        .map((name) => expect.stringMatching(`^\\? ${name} the identity does not open .wal/keys/`)),
    );
    await open.storage.remove((await open.storage.list('.wal/keys/')).map(({ key }) => key));
    expect((await read({ ...open, codec: encrypted(null) })).problems[0]).toMatch(
      /cannot be opened by anybody: \.wal\/keys\/\w+\.age is missing$/,
    );
  });

  it('says of what the storage did not give that it is not known', async () => {
    const { storage, ...repository } = await archive(place, PLAIN);
    const key = await keyOf({ storage, ...repository }, TWO);
    const denied = new DbctlError('storage.failed', 'AccessDenied', {});
    const reading: typeof storage.read = (one) => (one === key ? Promise.reject(denied) : storage.read(one));
    expect((await read({ ...repository, storage: { ...storage, read: reading } })).problems).toEqual([`? ${TWO} AccessDenied`]);
  });
});

it.each<[string, (path: string) => void]>([
  ['a pipe', (path) => void execFileSync('mkfifo', [path])],
  ['a link', (path) => symlinkSync('/etc/passwd', path)],
])('in a folder %s in the place of a segment is found, and not followed', async (_name, make) => {
  const repository = await archive('folder', PLAIN);
  const path = join(repository.work, await keyOf(repository, TWO));
  rmSync(path);
  make(path);
  expect((await read(repository)).problems).toEqual([`${TWO} is no longer a plain file`]);
});
