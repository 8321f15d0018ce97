import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import { cliReport } from '../../support/cli-report.ts';
import { S3_KEYS, startS3Server, type S3Server } from '../../support/s3-server.ts';
import { newSigner, nights, sealBackups } from '../../support/sealed-backups.ts';
import { labStorage } from '../../unit/storage/support.ts';

/** A bucket whose policy denies the newest manifest: every command says so in the words of the service, and none takes it for a verdict. */
let s3: S3Server;
let made: readonly Manifest[];
const project = mkdtempSync(join(tmpdir(), 'dbctl-unread-'));
const report = (...args: readonly string[]) =>
  cliReport(args, {
    cwd: project,
    env: { LAB_KEY_ID: S3_KEYS.id, PATH: process.env['PATH'], LAB_URL: 'postgresql://127.0.0.1:1/lab' },
  });
const newest = () => made.at(-1)?.id ?? '';
const words = () => `not known, it could not be read: s3://lab/db/${newest()}/manifest.json: AccessDenied`;

beforeAll(async () => {
  s3 = await startS3Server();
  const signer = await newSigner(project);
  mkdirSync(join(project, 'made'));
  made = await sealBackups(join(project, 'made'), signer, nights('2026-11-01', 3));
  const storage = labStorage(s3);
  for (const { id } of made) {
    for (const name of readdirSync(join(project, 'made', id))) {
      await storage.write(`${id}/${name}`, readFileSync(join(project, 'made', id, name)));
    }
  }
  await storage.close();
  writeFileSync(join(project, 's3.key'), S3_KEYS.key, { mode: 0o600 });
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: unread
environments: { dev: { url: { variable: LAB_URL } } }
backup:
  repositories:
    - name: bucket
      type: s3
      bucket: lab
      prefix: db/
      region: ${S3_KEYS.region}
      endpoint: ${s3.endpoint}
      credentials: { id: { variable: LAB_KEY_ID }, secret: { file: s3.key } }
  public_keys: ["${signer.verifierKey}"]
  keep: { daily: 1 }
`,
  );
  s3.fault = ({ method, key }) =>
    method === 'GET' && key === `db/${newest()}/manifest.json`
      ? { kind: 'status', status: 403, code: 'AccessDenied' }
      : undefined;
}, 60_000);
afterAll(async () => {
  await s3.stop();
  rmSync(project, { recursive: true, force: true });
});

it('is unknown in the list, in the status and in a verification, and the others are what they are', async () => {
  const list = await report('backup', 'list');
  expect(list).toMatchObject({ status: 1, summary: { backups: 3, broken: 0, unread: 1 } });
  expect(list.items.map(({ status }) => status)).toEqual(['pass', 'pass', 'unknown']);
  expect(list.items.at(-1)).toMatchObject({ id: newest(), message: expect.stringContaining(words()) as string });
  const status = await report('backup', 'status');
  expect(status).toMatchObject({ status: 1, summary: { broken: 0, unread: 1, newest: made[1]?.id } });
  expect(status.items.find(({ id }) => id === 'unread')).toMatchObject({ object: newest(), status: 'unknown' });
  const verified = await report('backup', 'verify');
  expect(verified).toMatchObject({ status: 1, summary: { bad: 0, unread: 1 } });
  expect(verified.items.map(({ status: outcome }) => outcome)).toEqual(['pass', 'pass', 'unknown']);
});

it.each<[string, readonly string[], string]>([
  ['prune', ['backup', 'prune', '--yes'], 'nothing was removed from bucket'],
  ['restore', ['restore', '--into', 'embedded'], 'name that one to take it all the same'],
  ['drill', ['backup', 'drill'], 'name that one to take it all the same'],
  ['draw', ['backup', 'drill', '--random'], 'nothing was drawn'],
])('fails with the storage, and does nothing: %s', async (_name, args, consequence) => {
  const { status, error } = await report(...args);
  expect([status, error?.code]).toEqual([4, 'storage.failed']);
  expect(error?.message).toContain(words());
  expect(error?.message).toContain(consequence);
  expect([...s3.bucket.keys()].filter((key) => key.endsWith('manifest.json'))).toHaveLength(3);
});
