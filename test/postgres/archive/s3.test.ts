// Archives in a bucket with object lock: what goes wrong on the way there leaves nothing that is believed.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { archiveIds } from '../../../src/ops/archive/store.ts';
import { restoreArchive } from '../../../src/ops/archive/restore.ts';
import type { Repository } from '../../../src/ops/backup/repository.ts';
import { s3Storage } from '../../../src/ops/storage/s3.ts';
import { S3_KEYS, startS3Server, type Fault, type S3Server } from '../../support/s3-server.ts';
import { archiveBench, READING } from './support.ts';

const bench = archiveBench(`
create schema s;
create table s.log (id int primary key, note text);
insert into s.log select n, md5(n::text) || md5((-n)::text) || md5(n::text || 'x') from generate_series(1, 200000) n;
`);

let server: S3Server;
beforeEach(async () => {
  server = await startS3Server({ versions: true, locks: true });
});
afterEach(() => server.stop());

function destination(): Repository {
  const folder = bench.folderFor(`work-${Math.random()}`);
  const storage = s3Storage({
    bucket: 'lab',
    region: S3_KEYS.region,
    endpoint: server.endpoint,
    access: { id: S3_KEYS.id, key: S3_KEYS.key },
    prefix: 'cold/',
    lock: { mode: 'compliance', days: 30, legalHold: false },
    checksums: 'sha256',
    partBytes: 5 << 20,
    patience: { attempts: 3, connectMs: 1_000, silenceMs: 700, wholeMs: 10_000 },
    clock: () => new Date(),
    signal: READING.signal,
  });
  return { ...folder, name: 'bucket', storage, work: folder.folder };
}

it.each(['csv.gz', 'parquet'] as const)('%s goes there in parts, is locked, and comes back', async (format) => {
  const to = destination();
  const { manifest } = await bench.export('s.log', { destination: to, format });
  expect(manifest.files[0]?.bytes).toBeGreaterThan(5 << 20);
  for (const name of [manifest.data.path, 'manifest.json', 'manifest.note']) {
    const [version] = server.bucket.versions(`cold/${manifest.id}/${name}`);
    expect([name, version?.lock?.mode]).toEqual([name, 'COMPLIANCE']);
  }
  expect(server.seen.some((one) => one.endsWith('?part'))).toBe(true);
  await bench.session((session) => restoreArchive(session, to, manifest, `s.from_bucket_${format.slice(0, 3)}`, READING));
  expect((await bench.export('s.log', { destination: to, format })).outcome).toBe('there already');
});

const answers = (kind: (at: number) => Fault | undefined, key: RegExp, method: string) => {
  let count = 0;
  return (request: { method: string; key: string }) =>
    request.method === method && key.test(request.key) ? kind((count += 1)) : undefined;
};

it.each<[string, RegExp, string, Fault]>([
  ['a bit is flipped in what is fetched', /rows\.csv\.gz$/, 'GET', { kind: 'flip', at: 100_000 }],
  ['what is fetched ends before it begins', /rows\.csv\.gz$/, 'GET', { kind: 'short', bytes: 0 }],
  ['parts are refused', /rows\.csv\.gz$/, 'PUT', { kind: 'status', status: 503, code: 'SlowDown' }],
  ['the seal is refused', /manifest\.note$/, 'PUT', { kind: 'status', status: 403, code: 'AccessDenied' }],
  ['the manifest never arrives', /manifest\.json$/, 'PUT', { kind: 'reset' }],
])('nothing is sealed when %s, and the next run makes it whole', async (_, key, method, fault) => {
  const to = destination();
  server.fault = answers(() => fault, key, method);
  await expect(bench.export('s.log', { destination: to })).rejects.toMatchObject({ exit: 4 });
  server.fault = () => undefined;
  expect(await archiveIds(to)).toEqual([]);
  const { manifest, outcome, cleared } = await bench.export('s.log', { destination: to });
  expect([outcome, cleared]).toEqual(['exported', [manifest.id]]);
  expect(await bench.verify(manifest.id, to)).toEqual({ problems: [], depth: 'rows' });
});

it.each<[string, Fault]>([
  ['is reset before it is done', { kind: 'reset' }],
  ['is done, and the answer lost', { kind: 'reset after' }],
  ['is answered with 500', { kind: 'status', status: 500 }],
])('an archive is made where each third request %s', async (_, fault) => {
  const to = destination();
  let count = 0;
  server.fault = () => ((count += 1) % 3 === 0 ? fault : undefined);
  const { manifest } = await bench.export('s.log', { destination: to });
  server.fault = () => undefined;
  expect(await bench.verify(manifest.id, to)).toEqual({ problems: [], depth: 'rows' });
});
