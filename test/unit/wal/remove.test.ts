import { afterEach, beforeEach, expect, it } from 'vitest';
import { PLAIN } from '../../../src/ops/codec/codec.ts';
import { readArchive, removeWal } from '../../../src/ops/wal/archive.ts';
import { startS3Server, type S3Server } from '../../support/s3-server.ts';
import { labStorage } from '../storage/support.ts';

let server: S3Server;
beforeEach(async () => {
  server = await startS3Server({ versions: true });
});
afterEach(() => server.stop());

it('segments that go from a bucket with versions leave one marker each, however they were stored, and others stay', async () => {
  const repository = { name: 'bucket', storage: labStorage(server), work: '/nowhere', codec: PLAIN };
  const stored = ['000000010000000000000001.gz', '000000010000000000000002.zst.enc', '000000010000000000000003.raw'];
  for (const name of stored) await repository.storage.write(`.wal/0000000100000000/${name}`, Buffer.from(name));
  const names = ['000000010000000000000001', '000000010000000000000002', '0000000100000000000000FF'];
  await removeWal(repository, names, new AbortController().signal);
  expect((await readArchive(repository)).names).toEqual(['000000010000000000000003']);
  const markers = server.bucket.allKeys().filter((key) => server.bucket.versions(key)[0]?.bytes === null);
  expect(markers).toEqual(stored.slice(0, 2).map((name) => `db/.wal/0000000100000000/${name}`));
});
