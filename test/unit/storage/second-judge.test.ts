import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { s3Storage, type S3Settings } from '../../../src/ops/storage/s3.ts';
import { LEAST_PART } from '../../../src/ops/storage/s3/parts.ts';
import { ANSWERS, answersOf, CEPH_ANSWERS } from '../../support/s3-answers.ts';
import { S3_KEYS, startS3Server } from '../../support/s3-server.ts';
import { behavesAsStorage, bytesUnder } from '../../support/storage-contract.ts';

/**
 * Another S3-compatible service than our fake: `npm run test:s3` starts Ceph's, DBCTL_TEST_S3_ENDPOINT=http://127.0.0.1:5000 takes any, such as
 * moto_server of Debian's python3-moto. Buckets are made in it and left there.
 */
const endpoint = process.env['DBCTL_TEST_S3_ENDPOINT'];
const region = 'us-east-1';
const access = { id: process.env['DBCTL_TEST_S3_ID'] ?? 'test', key: process.env['DBCTL_TEST_S3_KEY'] ?? 'test' };

async function makeBucket(locks: boolean): Promise<string> {
  const bucket = `dbctl-${randomUUID()}`;
  const credentials = { accessKeyId: access.id, secretAccessKey: access.key };
  const client = new S3Client({ region, endpoint: endpoint ?? '', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: locks }));
  client.destroy();
  return bucket;
}

async function newBucket(locks: boolean): Promise<(more?: Partial<S3Settings>) => ReturnType<typeof s3Storage>> {
  const bucket = await makeBucket(locks);
  return (more = {}) =>
    s3Storage({
      bucket,
      region,
      endpoint: endpoint ?? '',
      access,
      prefix: 'a/b/',
      lock: null,
      checksums: 'sha256',
      partBytes: LEAST_PART,
      clock: () => new Date(),
      signal: new AbortController().signal,
      ...more,
    });
}

it('our fake refuses what Amazon refuses', async () => {
  const fake = await startS3Server({ versions: true, locks: true });
  try {
    expect(await answersOf({ endpoint: fake.endpoint, region: S3_KEYS.region, access: S3_KEYS, bucket: 'lab' })).toEqual(ANSWERS);
  } finally {
    await fake.stop();
  }
});

it.skipIf(process.env['DBCTL_TEST_S3_SERVICE'] !== 'ceph')('and so does Ceph, but for three things', async () => {
  const bucket = await makeBucket(true);
  expect(await answersOf({ endpoint: endpoint ?? '', region, access, bucket })).toEqual(CEPH_ANSWERS);
});

describe.skipIf(endpoint === undefined)('another service', () => {
  behavesAsStorage(async () => {
    const open = await newBucket(false);
    return { storage: open(), again: () => Promise.resolve(open()) };
  });

  it('keeps what is locked, and shows the bucket as it was', async () => {
    const open = await newBucket(true);
    const storage = open({ lock: { mode: 'governance', days: 1, legalHold: true } });
    await storage.write('kept', Buffer.from('first'));
    expect(await storage.keptBy?.('kept')).toBe('is under legal hold');
    // Its times are whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const asOf = new Date();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await storage.write('kept', Buffer.from('second'));
    await storage.remove(['kept']);
    expect(await storage.read('kept')).toBeNull();
    expect(String(await bytesUnder(open({ asOf }), 'kept'))).toBe('first');
    expect(await open({ asOf }).names('')).toEqual(['kept']);
  });
});
