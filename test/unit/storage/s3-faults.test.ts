import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import type { S3Settings } from '../../../src/ops/storage/s3.ts';
import { S3_KEYS, startS3Server, type Fault, type S3Server, type S3ServerOptions } from '../../support/s3-server.ts';
import { bytesUnder } from '../../support/storage-contract.ts';
import { labStorage } from './support.ts';
import { faultsOf } from '../../support/faults.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-s3-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const MIB = 1_048_576;
/** Four parts, the last a short one. */
const content = randomBytes(15 * MIB + 99);
const path = join(folder, 'content');
writeFileSync(path, content);

const servers: S3Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));
async function start(options: S3ServerOptions = {}): Promise<S3Server> {
  const server = await startS3Server(options);
  servers.push(server);
  return server;
}

/** Of an act that has to fail with storage.failed: message and hint, in neither of which the key is. */
async function failure(act: Promise<unknown>): Promise<DbctlError> {
  const thrown: unknown = await act.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof DbctlError)) throw thrown;
  expect(thrown.code).toBe('storage.failed');
  expect(JSON.stringify([thrown.message, thrown.hint])).not.toContain(S3_KEYS.key);
  return thrown;
}

/** The first so many requests that fit go wrong. */
function first(count: number, fits: RegExp, fault: Fault): S3Server['fault'] {
  let left = count;
  return ({ method, key, query }) => {
    const line = `${method} ${key}${query.has('partNumber') ? ` part ${query.get('partNumber')}` : ''}${query.has('uploadId') ? ' of upload' : ''}`;
    if (!fits.test(line) || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

const partsSent = (server: S3Server): number => server.seen.filter((line) => line === 'PUT db/big?part').length;

describe('a service that stumbles', () => {
  faultsOf('bucket');
  it.each<[string, RegExp, Fault]>([
    ['500 on a small file', /^PUT db\/small$/, { kind: 'status', status: 500 }],
    ['503 on a small file', /^PUT db\/small$/, { kind: 'status', status: 503, code: 'SlowDown' }],
    ['a reset on a small file', /^PUT db\/small$/, { kind: 'reset' }],
    ['a lost answer to a small file', /^PUT db\/small$/, { kind: 'reset after' }],
    ['500 on a part', /part 2/, { kind: 'status', status: 500 }],
    ['a reset on a part', /part 3/, { kind: 'reset' }],
    ['a lost answer to a part', /part 1/, { kind: 'reset after' }],
    ['500 on the end of an upload', /^POST db\/big of upload/, { kind: 'status', status: 500 }],
    ['a lost answer to the end of an upload', /^POST db\/big of upload/, { kind: 'reset after' }],
    ['503 on the look afterwards', /^HEAD/, { kind: 'status', status: 503 }],
    ['500 on a read', /^GET db\/big$/, { kind: 'status', status: 500 }],
    ['a read that is cut', /^GET db\/big$/, { kind: 'short', bytes: 6 * MIB + 7 }],
    ['a read that stalls', /^GET db\/big$/, { kind: 'stall', bytes: 3 * MIB }],
    ['a read that is cut at once', /^GET db\/big$/, { kind: 'short', bytes: 0 }],
  ])('%s: it is there all the same, once and right', async (_name, fits, fault) => {
    const server = await start({ versions: true });
    const storage = labStorage(server);
    server.fault = first(2, fits, fault);
    await storage.write('small', Buffer.from('small'));
    await storage.write('big', { path });
    expect((await bytesUnder(storage, 'big'))?.equals(content)).toBe(true);
    expect(String(await bytesUnder(storage, 'small'))).toBe('small');
    expect(server.uploads.all.size).toBe(0);
    expect(server.bucket.versions('db/big')).toHaveLength(1);
  });

  it.each<[string, Fault]>([
    ['500', { kind: 'status', status: 500 }],
    ['a reset', { kind: 'reset' }],
    ['a lost answer', { kind: 'reset after' }],
  ])("%s while a file is created: it counts as ours, and as nobody else's", async (_name, fault) => {
    const server = await start();
    const [mine, other] = [labStorage(server), labStorage(server)];
    server.fault = first(1, /^PUT db\/one/, fault);
    expect(await mine.create('one', Buffer.from('mine'))).toBe(true);
    server.fault = first(1, /^PUT db\/one/, fault);
    expect(await other.create('one', Buffer.from('mine'))).toBe(false);
  });

  it.each<[string, Fault, RegExp]>([
    ['500', { kind: 'status', status: 500 }, /^s3:\/\/lab\/db\/big: InternalError/],
    ['503', { kind: 'status', status: 503, code: 'SlowDown' }, /^s3:\/\/lab\/db\/big: SlowDown/],
    ['a reset', { kind: 'reset' }, /^s3:\/\/lab\/db\/big: (ECONNRESET|TimeoutError|EPIPE)/],
    ['silence', { kind: 'silence' }, /^s3:\/\/lab\/db\/big: TimeoutError/],
  ])('%s without end: it fails, and the next run sends only what is missing', async (_name, fault, words) => {
    const server = await start();
    server.fault = first(Infinity, /part 4/, fault);
    const failed = await failure(labStorage(server).write('big', { path }));
    expect(failed.message).toMatch(words);
    expect(failed.hint).toMatch(/what was uploaded is gone on with/i);
    expect(await labStorage(server).read('big')).toBeNull();
    server.fault = () => undefined;
    const before = partsSent(server);
    let moved = 0;
    await labStorage(server).write(
      'big',
      { path },
      { signal: new AbortController().signal, onBytes: (bytes) => (moved += bytes) },
    );
    expect(partsSent(server) - before).toBe(1);
    expect(moved).toBe(content.length);
    expect((await bytesUnder(labStorage(server), 'big'))?.equals(content)).toBe(true);
  });

  it('sends no more than four parts at a time', async () => {
    const server = await start();
    await labStorage(server).write('big', { path });
    expect(server.widest()).toBeLessThanOrEqual(4);
    expect(server.widest()).toBeGreaterThan(1);
  });
});

describe('an upload of somebody else, or of long ago', () => {
  const interrupted = async (server: S3Server, settings: Partial<S3Settings> = {}): Promise<void> => {
    server.fault = first(Infinity, /part 4/, { kind: 'status', status: 500 });
    await failure(labStorage(server, settings).write('big', { path }));
    server.fault = () => undefined;
    expect(server.uploads.all.size).toBe(1);
  };

  it('whose parts are of other bytes is given up, and nothing of it is in the file', async () => {
    const server = await start();
    await interrupted(server);
    const other = Buffer.from(content);
    other.writeUInt8(other.readUInt8(7 * MIB) ^ 1, 7 * MIB);
    await labStorage(server).write('big', other);
    expect((await bytesUnder(labStorage(server), 'big'))?.equals(other)).toBe(true);
    expect(server.uploads.all.size).toBe(0);
  });

  it('that began more than a day ago is given up: its lock would end too early', async () => {
    const server = await start();
    await interrupted(server);
    const before = partsSent(server);
    await labStorage(server, { clock: () => new Date(Date.now() + 25 * 3_600_000) }).write('big', { path });
    expect(partsSent(server) - before).toBe(4);
    expect(server.uploads.all.size).toBe(0);
  });

  it('of another key stays', async () => {
    const server = await start();
    await interrupted(server);
    await labStorage(server).write('big.more', { path });
    expect([...server.uploads.all.values()].map(({ key }) => key)).toEqual(['db/big']);
  });
});

describe('bytes that are not those that were stored', () => {
  faultsOf('bucket');
  it.each<[string, Fault, RegExp]>([
    [
      'a bit that changes on the way',
      { kind: 'flip', at: 3 * MIB },
      /^s3:\/\/lab\/db\/big: the bytes are not those whose checksum the service has/,
    ],
    [
      'a connection that is cut again and again',
      { kind: 'short', bytes: 0 },
      /^s3:\/\/lab\/db\/big: the bytes end at 0 of 15728739: /,
    ],
    [
      'a service that falls silent again and again',
      { kind: 'stall', bytes: 0 },
      /^s3:\/\/lab\/db\/big: the bytes end at 0 of 15728739: (no byte came for 0.1 s|TimeoutError)/,
    ],
  ])('%s', async (_name, fault, words) => {
    const server = await start();
    const patience = { attempts: 3, connectMs: 1_000, silenceMs: 100, wholeMs: 3_000 };
    await labStorage(server).write('big', { path });
    server.fault = first(Infinity, /^GET db\/big$/, fault);
    expect((await failure(bytesUnder(labStorage(server, { patience }), 'big'))).message).toMatch(words);
  });

  it.each(['sha256', 'when_required'] as const)('rot in the bucket, found by %s', async (checksums) => {
    const server = await start();
    const storage = labStorage(server, { checksums });
    for (const key of ['small', 'big']) {
      await storage.write(key, key === 'big' ? { path } : Buffer.from('small'));
      const version = server.bucket.get(`db/${key}`);
      const rotten = Buffer.from(version.bytes);
      rotten.writeUInt8(rotten.readUInt8(2) ^ 4, 2);
      version.bytes = rotten;
      expect((await failure(bytesUnder(storage, key))).message).toContain(
        'the bytes are not those whose checksum the service has',
      );
    }
  });

  it('another file that takes the place of one that is being read', async () => {
    const server = await start();
    const storage = labStorage(server);
    await storage.write('big', { path });
    server.fault = first(1, /^GET db\/big$/, { kind: 'short', bytes: MIB });
    const reading = await storage.read('big');
    server.bucket.put('db/big', randomBytes(content.length), { metadata: {}, lock: null, hold: false });
    expect((await failure(buffer(reading ?? expect.unreachable()))).message).toMatch(
      /the bytes end at \d+ of 15728739: another file took its place/,
    );
  });

  it('a service that stores other bytes than it was sent', async () => {
    const server = await start();
    const put = server.bucket.put.bind(server.bucket);
    server.bucket.put = (key, bytes, wanted) => {
      const other = Buffer.concat([bytes.subarray(1), Buffer.from('x')]);
      return put(key, other, wanted, { sha256: createHash('sha256').update(other).digest('base64') });
    };
    for (const checksums of ['sha256', 'when_required'] as const) {
      expect((await failure(labStorage(server, { checksums }).write('small', Buffer.from('small')))).message).toMatch(
        /^s3:\/\/lab\/db\/small has (another SHA-256|other bytes) there than here$/,
      );
    }
  });

  it('a bucket that is full', async () => {
    const server = await start({ room: 12 * MIB });
    const failed = await failure(
      labStorage(server)
        .write('small', content.subarray(0, 4 * MIB))
        .then(() => labStorage(server).write('big', { path })),
    );
    expect(failed.message).toContain('InsufficientStorage');
    expect(await labStorage(server).read('big')).toBeNull();
  });
});

describe('what the service or the configuration does not allow', () => {
  faultsOf('bucket');
  it.each<[string, Partial<S3Settings>, RegExp, RegExp]>([
    [
      'a wrong key',
      { access: { id: S3_KEYS.id, key: 'wrong' } },
      /^s3:\/\/lab\/db\/a: SignatureDoesNotMatch/,
      /Access key and secret do not belong together/,
    ],
    ['an unknown id', { access: { id: 'AKIDOTHER', key: 'x' } }, /InvalidAccessKeyId/, /Access key and secret/],
    ['another region', { region: 'us-east-1' }, /AuthorizationHeaderMalformed/, /Look at bucket, region and endpoint/],
    ['another bucket', { bucket: 'elsewhere' }, /^s3:\/\/elsewhere\/db\/a: NoSuchBucket/, /Look at bucket/],
    ['nobody at the endpoint', { endpoint: 'http://127.0.0.1:9' }, /ECONNREFUSED/, /Look at the endpoint/],
    [
      'a lock in a bucket without',
      { lock: { mode: 'governance', days: 1, legalHold: false } },
      /InvalidRequest: Bucket is missing Object Lock/,
      /the bucket needs object lock/,
    ],
  ])('%s', async (_name, settings, words, hint) => {
    const failed = await failure(labStorage(await start(), settings).write('a', Buffer.from('x')));
    expect(failed.message).toMatch(words);
    expect(failed.hint).toMatch(hint);
  });

  it('a service that takes no notice of If-None-Match, at the first file that is created', async () => {
    const storage = labStorage(await start({ forgetsConditions: true }));
    await storage.write('a', Buffer.from('mine'));
    const failed = await failure(storage.create('a', Buffer.from('yours')));
    expect(String(await bytesUnder(storage, 'a'))).toBe('mine');
    expect(failed.message).toBe(
      's3://lab/db/ writes over files that are to be created only: the service does not know If-None-Match',
    );
  });

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/./b', 'a\nb', 'a/'.repeat(500), `.dbctl-0123456789ab.tmp`])(
    'the key %j',
    async (key) => {
      const storage = labStorage(await start());
      expect((await failure(Promise.resolve().then(() => storage.write(key, Buffer.from('x'))))).message).toContain(
        'is no key of a file in s3://lab/db/',
      );
      expect((await failure(Promise.resolve().then(() => storage.read(key)))).message).toContain('is no key');
    },
  );
});

describe('object lock', () => {
  const lock = { mode: 'compliance', days: 30, legalHold: false } as const;
  let server: S3Server;
  beforeEach(async () => {
    server = await start({ versions: true, locks: true });
  });

  it('is on every file, small and large and created, for so many days', async () => {
    const storage = labStorage(server, { lock });
    await storage.write('small', Buffer.from('x'));
    await storage.write('big', { path });
    await storage.create('new', Buffer.from('x'));
    for (const key of ['small', 'big', 'new']) {
      const found = server.bucket.get(`db/${key}`).lock;
      expect(found?.mode).toBe('COMPLIANCE');
      expect(Math.abs((found?.until.getTime() ?? 0) - Date.now() - 30 * 86_400_000)).toBeLessThan(60_000);
    }
  });

  it('keeps the bytes when a file is removed or written over, and says so', async () => {
    const storage = labStorage(server, { lock });
    await storage.write('kept', Buffer.from('first'));
    expect(await storage.keptBy?.('kept')).toMatch(/^is locked until \d{4}-\d\d-\d\dT/);
    await storage.write('kept', Buffer.from('second'));
    await storage.remove(['kept']);
    expect(await storage.read('kept')).toBeNull();
    expect(await storage.keptBy?.('kept')).toBeNull();
    const versions = server.bucket.versions('db/kept').map(({ bytes }) => bytes?.toString() ?? 'removed');
    expect(versions).toEqual(['removed', 'second', 'first']);
    const { id } = server.bucket.versions('db/kept')[2] ?? { id: '' };
    expect(() => server.bucket.remove('db/kept', id, true)).toThrow('protected by object lock');
  });

  it('with legal hold', async () => {
    const storage = labStorage(server, { lock: { ...lock, legalHold: true } });
    await storage.write('held', Buffer.from('x'));
    expect(server.bucket.get('db/held').hold).toBe(true);
    expect(await storage.keptBy?.('held')).toBe('is under legal hold');
  });

  it.each<[string, S3ServerOptions]>([
    ['a service that forgets it', { forgetsLocks: true }],
    ['credentials that may not see it', { versions: true, locks: true, hidesLocks: true }],
  ])('is not believed: %s', async (_name, options) => {
    const storage = labStorage(await start(options), { lock });
    for (const write of [
      () => storage.write('a', Buffer.from('x')),
      () => storage.write('big', { path }),
      () => storage.create('b', Buffer.from('x')),
    ]) {
      const failed = await failure(write());
      expect(failed.message).toMatch(/is stored without the lock of mode compliance that was asked for$/);
      expect(failed.hint).toContain('s3:GetObjectRetention');
    }
  });
});

describe('a bucket as it was', () => {
  it('shows what was there then, whatever was written over or removed since, and is not written', async () => {
    const server = await start({ versions: true });
    let now = Date.parse('2026-11-20T00:00:00Z');
    server.now = () => new Date(now);
    const storage = labStorage(server);
    for (let n = 0; n < 12; n += 1) await storage.write(`many/${n}`, Buffer.from(`first ${n}`));
    await storage.write('gone before', Buffer.from('x'));
    await storage.remove(['gone before']);
    now += 3_600_000;
    const asOf = new Date(now);
    now += 3_600_000;
    await storage.write('late', Buffer.from('x'));
    for (let n = 0; n < 12; n += 1) await storage.write(`many/${n}`, Buffer.from(`forged ${n}`));
    await storage.remove(['many/3', 'many/4']);

    const then = labStorage(server, { asOf });
    expect(await then.names('')).toEqual(['many/']);
    expect((await then.list('')).map(({ key }) => key)).toEqual(Array.from({ length: 12 }, (_, n) => `many/${n}`).toSorted());
    expect(String(await bytesUnder(then, 'many/3'))).toBe('first 3');
    expect(String(await bytesUnder(then, 'many/11'))).toBe('first 11');
    expect(await then.read('late')).toBeNull();
    expect(await then.read('gone before')).toBeNull();
    for (const write of [then.write('a', Buffer.from('x')), then.create('a', Buffer.from('x')), then.remove(['many/1'])]) {
      await expect(write).rejects.toThrow('s3://lab/db/ is read as it was at 2026-11-20T01:00:00.000Z, and cannot be written');
    }
    expect((await storage.names('many/')).length).toBe(10);
  });
});
