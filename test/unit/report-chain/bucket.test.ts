import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChainedReport, ReportKind } from '../../../src/ops/report-chain/report.ts';
import { storeReport } from '../../../src/ops/report-chain/store.ts';
import { verifyReports } from '../../../src/ops/report-chain/verify.ts';
import { createSignerKey, openSigner, type Signer } from '../../../src/ops/signing/signer.ts';
import { startS3Server, type S3Server } from '../../support/s3-server.ts';
import { labStorage } from '../storage/support.ts';

const KIND: ReportKind<ChainedReport> = {
  format: 'dbctl-tale/1',
  folder: 'tales/',
  markdown: ({ id }) => `# ${id}\n`,
  sealsMarkdown: true,
};

const folder = mkdtempSync(join(tmpdir(), 'dbctl-chain-'));
let server: S3Server;
let signer: Signer;
beforeAll(async () => {
  server = await startS3Server({ versions: true, locks: true });
  await createSignerKey(join(folder, 'key.pem'), 'own');
  signer = await openSigner({ name: 'own', key: { kind: 'file', file: 'key.pem' }, publicKeys: [] }, { variables: {}, folder });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('a chain in a bucket whose objects are locked needs no right to delete, also after a killed run', async () => {
  const lock = { mode: 'compliance', days: 3650, legalHold: false } as const;
  const storage = labStorage(server, { lock });
  const publicKeys = [signer.verifierKey];
  const tell = (day: number, on = storage): Promise<unknown> =>
    storeReport({ name: 'bucket', storage: on, work: folder }, KIND, (chain) => ({ format: 'dbctl-tale/1', ...chain }), {
      at: new Date(`2026-11-0${day}T06:00:00Z`),
      about: 'prod',
      signer,
      publicKeys,
      signal: new AbortController().signal,
    });
  const links = () => verifyReports({ name: 'bucket', storage, work: folder }, KIND, publicKeys);
  await tell(1);
  const dying = {
    ...storage,
    write: (key: string, content: Buffer) =>
      key.endsWith('.json') && !key.includes('newest') ? Promise.reject(new Error('killed')) : storage.write(key, content),
  };
  await expect(tell(2, dying as typeof storage)).rejects.toThrow('killed');
  expect((await links()).map(({ problems }) => problems.length)).toEqual([0, 2]);
  await tell(3);
  const found = await links();
  expect(found.flatMap(({ problems }) => problems)).toEqual([]);
  expect(found.map(({ report }) => report?.at.slice(0, 10))).toEqual(['2026-11-01', '2026-11-02', '2026-11-03']);
  expect(server.seen.filter((request) => request.startsWith('DELETE'))).toEqual([]);
  for (const { id } of found) {
    for (const kind of ['json', 'md', 'note']) expect(server.bucket.get(`db/tales/${id}.${kind}`).lock?.mode).toBe('COMPLIANCE');
  }
});
