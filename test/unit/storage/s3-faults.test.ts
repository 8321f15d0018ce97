import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { S3Settings } from '../../../src/ops/storage/s3.ts';
import { faultsOf } from '../../support/faults.ts';
import { S3_KEYS, type Fault, type S3Server } from '../../support/s3-server.ts';
import { bytesUnder } from '../../support/storage-contract.ts';
import { MIB, content, contentFile, failure, first, start } from './s3-bench.ts';
import { labStorage } from './support.ts';

const path = contentFile();

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
