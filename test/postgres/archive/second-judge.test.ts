// Archives in a bucket of a service people run: `npm run test:s3` starts Ceph's.
import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { archiveIds } from '../../../src/ops/archive/store.ts';
import { restoreArchive } from '../../../src/ops/archive/restore.ts';
import type { Repository } from '../../../src/ops/backup/repository.ts';
import { s3Storage } from '../../../src/ops/storage/s3.ts';
import { bytesUnder } from '../../support/storage-contract.ts';
import { archiveBench, READING } from './support.ts';

const endpoint = process.env['DBCTL_TEST_S3_ENDPOINT'];
const region = 'us-east-1';
const access = { id: process.env['DBCTL_TEST_S3_ID'] ?? 'test', key: process.env['DBCTL_TEST_S3_KEY'] ?? 'test' };

describe.skipIf(endpoint === undefined)('a bucket with object lock', () => {
  const bench = archiveBench(`
create schema s;
create table s.log (id int primary key, note text);
insert into s.log select n, md5(n::text) || md5((-n)::text) || md5(n::text || 'x') from generate_series(1, 200000) n;
`);

  async function destination(): Promise<{ readonly to: Repository; readonly bucket: string; readonly client: S3Client }> {
    const bucket = `dbctl-${randomUUID()}`;
    const credentials = { accessKeyId: access.id, secretAccessKey: access.key };
    const client = new S3Client({ region, endpoint: endpoint ?? '', forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
    const storage = s3Storage({
      bucket,
      region,
      endpoint: endpoint ?? '',
      access,
      prefix: 'cold/',
      lock: { mode: 'compliance', days: 30, legalHold: false },
      checksums: 'sha256',
      partBytes: 5 << 20,
      clock: () => new Date(),
      signal: READING.signal,
    });
    return { to: { ...bench.folderFor(`work-${bucket}`), name: 'bucket', storage }, bucket, client };
  }

  it.each(['csv.gz', 'parquet'] as const)('%s goes there in parts, cannot be removed, and comes back', async (format) => {
    const { to, bucket, client } = await destination();
    const { manifest } = await bench.export('s.log', { destination: to, format });
    expect(manifest.files[0]?.bytes).toBeGreaterThan(5 << 20);
    expect(await bench.verify(manifest.id, to)).toEqual({ problems: [], depth: 'rows' });
    const Key = `cold/${manifest.id}/${manifest.data.path}`;
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: Key }));
    const VersionId = Versions[0]?.VersionId ?? '';
    const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket: bucket, Key, VersionId }));
    expect(Retention?.Mode).toBe('COMPLIANCE');
    const away = new DeleteObjectCommand({ Bucket: bucket, Key, VersionId, BypassGovernanceRetention: true });
    await expect(client.send(away)).rejects.toMatchObject({ name: 'AccessDenied' });
    const into = `s.back_${format.slice(0, 3)}`;
    expect(await bench.session((session) => restoreArchive(session, to, manifest, into, READING))).toEqual({ rows: 200_000 });
    expect((await bench.export('s.log', { destination: to, format })).outcome).toBe('there already');
  });

  it('a newer version of the rows, or none of them, is found', async () => {
    const { to } = await destination();
    const { manifest } = await bench.export('s.log', { destination: to });
    const key = `${manifest.id}/${manifest.data.path}`;
    const rows = (await bytesUnder(to.storage, key)) ?? Buffer.alloc(0);
    rows.writeUInt8(rows.readUInt8(rows.length >> 1) ^ 1, rows.length >> 1);
    await to.storage.write(key, rows);
    expect((await bench.verify(manifest.id, to)).problems).toEqual([
      `${manifest.id}: rows.csv.gz has other bytes than were written`,
    ]);
    await to.storage.remove([key]);
    expect((await bench.verify(manifest.id, to)).problems).toEqual([`${manifest.id}: rows.csv.gz is missing`]);
  });

  it('of two runs of two machines one makes the archive', async () => {
    const { to } = await destination();
    const other = { ...to, work: bench.folderFor(`other-${randomUUID()}`).folder };
    const outcomes = await Promise.allSettled([
      bench.export('s.log', { destination: to }),
      bench.export('s.log', { destination: other, machine: 'another' }),
    ]);
    expect(await archiveIds(to)).toHaveLength(1);
    for (const one of outcomes)
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ code: expect.stringMatching(/^(lock\.held|refused)$/) as string });
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
  });
});
