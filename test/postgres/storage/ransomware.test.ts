import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { S3_KEYS, startS3Server, type S3Server } from '../../support/s3-server.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** The runbook of ransomware, walked through: what an intruder with the credentials of the backup host can do, and how one gets out of it. */
let server: TestServer;
let s3: S3Server;
const project = mkdtempSync(join(tmpdir(), 'dbctl-ransomware-'));
/** The service's clock; the rest of the world stays where it is. */
let hours = 0;

beforeAll(async () => {
  [server, s3] = await Promise.all([startServer(), startS3Server({ versions: true, locks: true }), clientTools()]);
  s3.now = () => new Date(Date.now() + hours * 3_600_000);
  await onServer(server.url(), 'create database lab', 'create database restored');
  await onServer(server.url('lab'), 'create table t (id int primary key)', 'insert into t select generate_series(1, 1000)');
  writeFileSync(join(project, 's3.key'), S3_KEYS.key, { mode: 0o600 });
  writeFileSync(
    join(project, 'dbctl.yaml'),
    configuration('lock: { mode: compliance, days: 30 }', 'signer: { name: lab, key: { file: key.pem } }'),
  );
  const key = (await report(['ledger', 'key', 'key.pem', '--name', 'lab'])).summary['verifierKey'] as string;
  writeFileSync(join(project, 'verifier'), key);
}, 240_000);
afterAll(async () => {
  await Promise.all([server.stop(), s3.stop()]);
  rmSync(project, { recursive: true, force: true });
});

const configuration = (repository: string, more: string): string => `version: 1
project: lab
environments:
  dev: { url: { variable: SOURCE_URL } }
  recovery: { url: { variable: RECOVERY_URL } }
backup:
  repositories:
    - name: offsite
      type: s3
      bucket: lab
      region: ${S3_KEYS.region}
      endpoint: ${s3.endpoint}
      credentials: { id: { variable: LAB_KEY_ID }, secret: { file: s3.key } }
      ${repository}
  keep: { last: 1, daily: 0 }
  ${more}
`;

async function report(args: readonly string[]): Promise<Report & { status: number | null }> {
  const env = {
    SOURCE_URL: server.url('lab'),
    RECOVERY_URL: server.url('restored'),
    LAB_KEY_ID: S3_KEYS.id,
    PATH: process.env['PATH'],
  };
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], { cwd: project, env, timeoutMs: 120_000 });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Report), status };
}

it('is survived: what was locked is there, as it was before the intruder', async () => {
  const made: string[] = [];
  for (let n = 0; n < 2; n += 1) made.push((await report(['backup', 'create'])).summary['id'] as string);
  expect(await report(['backup', 'verify'])).toMatchObject({ status: 0 });

  // The rule would remove the first one; the bucket keeps it.
  const pruned = await report(['backup', 'prune', '--yes']);
  expect(pruned.summary).toMatchObject({ kept: 2, removed: 0 });
  expect(pruned.items.find(({ id }) => id === made[0])?.message).toMatch(/^held: it is locked until \d{4}-/);

  // The intruder cannot remove a version, so that he hides and overwrites everything.
  hours = 2;
  const before = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  for (const key of s3.bucket.keys()) {
    for (const { id } of s3.bucket.versions(key).filter(({ bytes }) => bytes !== null))
      if (!key.includes('.unfinished')) expect(() => s3.bucket.remove(key, id, true), key).toThrow('object lock');
    if (key.endsWith('.json')) s3.bucket.put(key, Buffer.from('pay us'), { metadata: {}, lock: null, hold: false });
    else s3.bucket.remove(key, undefined, false);
  }
  const known = await report(['backup', 'list']);
  expect(known.items.every(({ status }) => status === 'fail')).toBe(true);

  // On a clean machine: no signer, the keys that were written down, the bucket as it was.
  const keys = `public_keys: ["${readFileSync(join(project, 'verifier'), 'utf8')}"]`;
  writeFileSync(join(project, 'rescue.yaml'), configuration(`as_of: ${before}`, keys));
  const rescue = ['--config', 'rescue.yaml'];
  expect((await report(['backup', 'list', ...rescue])).items.map(({ id, status }) => `${id} ${status}`)).toEqual(
    made.map((id) => `${id} pass`),
  );
  expect(await report(['backup', 'verify', ...rescue])).toMatchObject({ status: 0 });
  expect((await report(['backup', 'show', made[1] ?? '', ...rescue])).status).toBe(0);
  expect((await report(['wal', 'status', ...rescue])).status).toBe(0);
  expect(await report(['restore', made[1] ?? '', '--env', 'recovery', '--yes', ...rescue])).toMatchObject({
    status: 0,
    error: null,
  });
}, 120_000);

it('says of each command of the runbook only what is so: the rescue configuration is the one tried here', () => {
  const runbook = readFileSync(fileURLToPath(new URL('../../../runbooks/ransomware.md', import.meta.url)), 'utf8');
  for (const word of [
    'as_of:',
    'public_keys:',
    'lock: {mode: compliance, days: 30}',
    'dbctl backup verify --config rescue.yaml',
    'dbctl restore ID --config rescue.yaml --env recovery --yes',
  ]) {
    expect(runbook).toContain(word);
  }
});
