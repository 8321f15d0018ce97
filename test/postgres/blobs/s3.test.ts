// Blobs that are objects: from one bucket to another with object lock, by a service and a network that fail.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HotPlace } from '../../../src/ops/blobs/hot.ts';
import { PLAIN } from '../../../src/ops/codec/codec.ts';
import { s3Storage } from '../../../src/ops/storage/s3.ts';
import { S3_KEYS, startS3Server, type Fault, type S3Server } from '../../support/s3-server.ts';
import { blobServer, type Lab } from './support.ts';

const newLab = blobServer();

let hot: S3Server;
let cold: S3Server;
beforeEach(async () => {
  [hot, cold] = await Promise.all([startS3Server({ versions: true }), startS3Server({ versions: true, locks: true })]);
});
afterEach(() => Promise.all([hot.stop(), cold.stop()]));

const bucket = (server: S3Server, prefix: string, locked: boolean) =>
  s3Storage({
    bucket: 'lab',
    region: S3_KEYS.region,
    endpoint: server.endpoint,
    access: { id: S3_KEYS.id, key: S3_KEYS.key },
    prefix,
    lock: locked ? { mode: 'compliance', days: 30, legalHold: false } : null,
    checksums: 'sha256',
    partBytes: 5 << 20,
    patience: { attempts: 3, connectMs: 1_000, silenceMs: 700, wholeMs: 10_000 },
    clock: () => new Date(),
    signal: new AbortController().signal,
  });

async function bucketLab(): Promise<Lab> {
  const lab = await newLab();
  const place: HotPlace = {
    name: 'bucket',
    address: { kind: 's3', bucket: 'lab', prefix: 'proofs/' },
    storage: bucket(hot, 'proofs/', false),
  };
  const destination = { name: 'cold', storage: bucket(cold, 'archive/', true), work: join(lab.folder, 'work'), codec: PLAIN };
  return {
    ...lab,
    places: { hot: [place], destination, destinationAddress: { kind: 's3', bucket: 'other', prefix: 'archive/' } },
  };
}

async function put(lab: Lab, name: string, content: Buffer): Promise<string> {
  const [place] = lab.places.hot;
  await place?.storage.write(name, content);
  return lab.proof(name, { content, file: false, location: `s3://lab/proofs/${name}` });
}

const there = (server: S3Server, key: string): boolean => server.bucket.isThere(key);
const run = (lab: Lab) => lab.run({ places: lab.places });
const coldKey = (hash: string): string => `archive/blobs/${hash.slice(0, 2)}/${hash.slice(2)}`;

it('go to a bucket with object lock, a large one in parts, and come to no other key', async () => {
  const lab = await bucketLab();
  const [small, large] = [
    await put(lab, 'a b/ü?.log', Buffer.from('small')),
    await put(lab, 'large', Buffer.alloc(12 << 20, 'abcdefg')),
  ];
  expect(await run(lab)).toMatchObject({ state: 'done', moved: 2, copied: 2, alarms: 0 });
  for (const hash of [small, large]) {
    const [version] = cold.bucket.versions(coldKey(hash));
    expect([
      version?.lock?.mode,
      createHash('sha256')
        .update(version?.bytes ?? '')
        .digest('hex'),
    ]).toEqual(['COMPLIANCE', hash]);
  }
  expect(cold.seen.some((one) => one.endsWith('?part'))).toBe(true);
  expect([there(hot, 'proofs/a b/ü?.log'), there(hot, 'proofs/large')]).toEqual([false, false]);
  expect((await run(lab)).moved).toBe(0);
});

const each = (method: string, fault: Fault) => (request: { method: string }) => (request.method === method ? fault : undefined);

it.each<[string, 'hot' | 'cold', string, Fault, 'failed' | 'done']>([
  ['what is fetched from the place has a flipped bit', 'hot', 'GET', { kind: 'flip', at: 3 }, 'done'],
  ['the place gives nothing', 'hot', 'GET', { kind: 'status', status: 503 }, 'done'],
  ['the place does not let it be taken away', 'hot', 'POST', { kind: 'status', status: 403, code: 'AccessDenied' }, 'done'],
  ['cold storage takes nothing', 'cold', 'PUT', { kind: 'status', status: 503 }, 'failed'],
  ['the network to cold storage is gone', 'cold', 'PUT', { kind: 'reset' }, 'failed'],
  ['what is read back has a flipped bit', 'cold', 'GET', { kind: 'flip', at: 3 }, 'failed'],
  ['what is read back ends too early', 'cold', 'GET', { kind: 'short', bytes: 0 }, 'failed'],
  ['cold storage does not give it back', 'cold', 'GET', { kind: 'status', status: 403, code: 'AccessDenied' }, 'failed'],
])('nothing is removed where %s, and the next run finishes', async (_, which, method, fault, state) => {
  const lab = await bucketLab();
  const hash = await put(lab, 'a', Buffer.from('content of a'));
  const server = which === 'hot' ? hot : cold;
  server.fault = each(method, fault);
  const outcome = await run(lab);
  expect([outcome.state, outcome.moved, outcome.alarms]).toEqual([state, 0, state === 'done' ? 1 : 0]);
  expect(there(hot, 'proofs/a')).toBe(true);
  server.fault = () => undefined;
  expect(await run(lab)).toMatchObject({ state: 'done', moved: 1, alarms: 0 });
  expect([there(hot, 'proofs/a'), there(cold, coldKey(hash))]).toEqual([false, true]);
});

it('an answer to the removal that is lost is found by the next run, which has nothing left to remove', async () => {
  const lab = await bucketLab();
  await put(lab, 'a', Buffer.from('content of a'));
  hot.fault = each('POST', { kind: 'reset after' });
  const outcome = await run(lab);
  expect([outcome.moved, there(hot, 'proofs/a')]).toEqual([0, false]);
  hot.fault = () => undefined;
  expect(await run(lab)).toMatchObject({ state: 'done', moved: 1, alarms: 0, copied: 0 });
  expect(await lab.events()).toEqual([
    'copied s3://lab/proofs/a',
    'verified',
    'removing s3://lab/proofs/a',
    'removed s3://lab/proofs/a',
  ]);
});

it('an object that is replaced after it was hashed stays', async () => {
  const lab = await bucketLab();
  await put(lab, 'a', Buffer.from('content of a'));
  let heads = 0;
  hot.fault = (request) => {
    if (request.method === 'HEAD' && (heads += 1) === 3) void lab.places.hot[0]?.storage.write('a', Buffer.from('another'));
    return request.method === 'HEAD' && heads === 3 ? { kind: 'status', status: 500 } : undefined;
  };
  const outcome = await run(lab);
  expect([outcome.moved, outcome.alarms, there(hot, 'proofs/a')]).toEqual([0, 1, true]);
});
