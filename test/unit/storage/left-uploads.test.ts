import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { planRepository, pruneRepository } from '../../../src/ops/backup/prune-repository.ts';
import { PLAIN } from '../../../src/ops/codec/codec.ts';
import { LEAST_PART } from '../../../src/ops/storage/s3/parts.ts';
import { startS3Server, type S3Server } from '../../support/s3-server.ts';
import { newSigner } from '../../support/sealed-backups.ts';
import { labStorage } from './support.ts';

/** Uploads in parts that nobody finished: what is old and ours goes, what is at work or somebody else's stays. */
const root = mkdtempSync(join(tmpdir(), 'dbctl-left-uploads-'));
const DAY = 86_400_000;
const began = new Date('2026-11-01T03:00:00Z');
const after = (days: number): Date => new Date(began.getTime() + days * DAY);
const FILE = 'lab-20261101T030000000Z-0000/cluster/base.tar';
let server: S3Server;
beforeEach(async () => {
  server = await startS3Server();
  server.now = () => began;
});
afterEach(() => server.stop());
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run that is killed when one part has come. */
async function interrupted(key: string, prefix = 'db/'): Promise<void> {
  let parts = 0;
  server.fault = ({ method, query }) =>
    method === 'PUT' && query.has('partNumber') && (parts += 1) > 1
      ? { kind: 'status', status: 403, code: 'AccessDenied' }
      : undefined;
  const storage = labStorage(server, { prefix, partBytes: LEAST_PART });
  await expect(storage.write(key, randomBytes(2 * LEAST_PART))).rejects.toThrow('AccessDenied');
  server.fault = () => undefined;
}
const left = async (days: number, prefix = 'db/') =>
  (await labStorage(server, { prefix }).leftUploads?.(after(days), 'remove'))?.map(({ key }) => key);

it('goes with prune when nobody has gone on with it for a day, and its bytes are told', async () => {
  await interrupted(FILE);
  const folder = join(root, 'prune');
  mkdirSync(folder);
  const signer = await newSigner(folder);
  const repository = { name: 'bucket', storage: labStorage(server), work: folder, codec: PLAIN };
  const rule = { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  expect((await planRepository(repository, [signer.verifierKey], rule, after(0.9))).uploads).toEqual([]);
  const plan = await planRepository(repository, [signer.verifierKey], rule, after(1.1));
  expect(plan.uploads).toEqual([{ key: FILE, bytes: LEAST_PART }]);
  expect(server.uploads.all.size).toBe(1);
  const run = { now: after(1.1), signal: new AbortController().signal, onRemoved: () => undefined };
  expect(await pruneRepository(plan, () => Promise.resolve(signer), run)).toMatchObject({ problem: null });
  expect(server.uploads.all.size).toBe(0);
});

it.each<[string, () => Promise<void>]>([
  [
    'an old one of which a part came within the day',
    async () => {
      await interrupted(FILE);
      const [upload] = server.uploads.all.values();
      server.now = () => after(2.5);
      if (upload !== undefined) server.uploads.put(upload, 2, randomBytes(LEAST_PART), 'c3Vt');
    },
  ],
  ['one that is below another prefix', () => interrupted(FILE, 'other/')],
  ['one that is of no backup', () => interrupted('videos/cats.mp4')],
  [
    'one whose parts nobody may list',
    async () => {
      await interrupted(FILE);
      server.fault = ({ method, query }) =>
        method === 'GET' && query.has('uploadId') ? { kind: 'status', status: 403, code: 'AccessDenied' } : undefined;
    },
  ],
  [
    'one where nobody may list uploads',
    async () => {
      await interrupted(FILE);
      server.fault = ({ method, query }) =>
        method === 'GET' && query.has('uploads') ? { kind: 'status', status: 403, code: 'AccessDenied' } : undefined;
    },
  ],
])('stays: %s', async (_name, make) => {
  await make();
  expect(await left(3)).toEqual([]);
  expect(server.uploads.all.size).toBe(1);
});

it('of others stays in a bucket without a prefix, and the past of a bucket is left alone', async () => {
  await interrupted('videos/cats.mp4', '');
  await interrupted(FILE, '');
  expect(await labStorage(server, { prefix: '', asOf: began }).leftUploads?.(after(3), 'remove')).toEqual([]);
  expect(await left(3, '')).toEqual([FILE]);
  expect([...server.uploads.all.values()].map(({ key }) => key)).toEqual(['videos/cats.mp4']);
});
