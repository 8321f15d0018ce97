import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type CliOptions } from '../../support/cli.ts';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { onServer } from '../../support/connection.ts';
import { S3_KEYS, startS3Server, type S3Server } from '../../support/s3-server.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { startSshServer, type SshServer } from '../../support/sshd.ts';
import { clientTools } from '../../support/tools.ts';

/** The commands over places that are no folders, as a person runs them. */
let server: TestServer;
let s3: S3Server;
let ssh: SshServer;
const root = fileURLToPath(new URL('../../..', import.meta.url));
const SEGMENT = '000000010000000000000001';
const project = mkdtempSync(join(tmpdir(), 'dbctl-storage-cli-'));

beforeAll(async () => {
  [server, s3, ssh] = await Promise.all([startServer(), startS3Server({ versions: true }), startSshServer(), clientTools()]);
  await onServer(server.url(), 'create database lab', 'create database restored_s3', 'create database restored_sftp');
  await onServer(
    server.url('lab'),
    'create table t (id int primary key, note text)',
    `insert into t select n, md5(n::text) from generate_series(1, 5000) n`,
  );
  // The server uses it again when it has gone on.
  copyFileSync(join(server.data, 'pg_wal', SEGMENT), join(project, SEGMENT));
  writeFileSync(join(project, 's3.key'), S3_KEYS.key, { mode: 0o600 });
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: cli
environments:
  dev: { url: { variable: SOURCE_URL } }
  restored-s3: { url: { variable: TARGET_S3 } }
  restored-sftp: { url: { variable: TARGET_SFTP } }
backup:
  repositories:
    - name: s3
      type: s3
      bucket: lab
      prefix: one/
      region: ${S3_KEYS.region}
      endpoint: ${s3.endpoint}
      credentials: { id: { variable: LAB_KEY_ID }, secret: { file: s3.key } }
      rate_limit: 20MB
    - name: sftp
      type: sftp
      host: 127.0.0.1
      port: ${ssh.port}
      user: ${ssh.user}
      path: ${join(ssh.folder, 'backups')}
      key_file: ${ssh.keyFile}
      known_hosts: ${ssh.knownHosts}
      work: elsewhere
  signer: { name: cli-backup, key: { file: key.pem } }
  keep: { last: 1, daily: 0 }
`,
  );
  await dbctl(['ledger', 'key', 'key.pem', '--name', 'cli-backup']);
}, 240_000);
afterAll(async () => {
  await Promise.all([server.stop(), s3.stop(), ssh.stop()]);
  rmSync(project, { recursive: true, force: true });
});

const environment = () => ({
  SOURCE_URL: server.url('lab'),
  TARGET_S3: server.url('restored_s3'),
  TARGET_SFTP: server.url('restored_sftp'),
  LAB_KEY_ID: S3_KEYS.id,
  PATH: process.env['PATH'],
});

const dbctl = (args: readonly string[], options: CliOptions = {}) =>
  runCli(args, {
    cwd: project,
    env: environment(),
    timeoutMs: 120_000,
    ...options,
  });

async function report(args: readonly string[], options: CliOptions = {}): Promise<CliReport> {
  const told = await cliReport(args, { cwd: project, env: environment(), ...options });
  expect(`${told.stdout}${told.stderr}`).not.toContain(S3_KEYS.key);
  return told;
}

describe.each([
  ['s3', '.dbctl/s3'],
  ['sftp', 'elsewhere'],
])('a repository of type %s', (name, work) => {
  const there = ['--repository', name];
  let first: string;
  let second: string;
  const made = async (): Promise<string> => {
    const created = await report(['backup', 'create', ...there]);
    expect(created).toMatchObject({ status: 0, error: null, summary: { rows: 5_000 } });
    expect(readdirSync(join(project, work))).toEqual([]);
    return created.summary['id'] as string;
  };

  it('takes two backups, lists and verifies them, and shows what is in one', async () => {
    [first, second] = [await made(), await made()];
    expect((await report(['backup', 'list', ...there])).items.map(({ id }) => id)).toEqual([first, second]);
    expect(await report(['backup', 'verify', ...there])).toMatchObject({ status: 0 });
    expect((await report(['backup', 'show', first, ...there])).summary['manifest']).toMatchObject({ id: first, type: 'logical' });
  });

  it('drills one, and keeps the report there', async () => {
    const drilled = await report(['backup', 'drill', ...there]);
    expect(drilled.items.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(drilled.status).toBe(0);
    expect(await report(['backup', 'status', ...there])).toMatchObject({ status: 0 });
    expect(readdirSync(join(project, work))).toEqual([]);
  });

  it('restores one into an empty database, and compares', async () => {
    const restored = await report(['restore', 'latest', '--env', `restored-${name}`, '--yes', ...there]);
    expect(restored).toMatchObject({ status: 0, error: null });
    expect(readdirSync(join(project, work))).toEqual([]);
  });

  it('holds the write-ahead log: the same again is taken, another is refused, what is not there is the end', async () => {
    const segment = join(project, SEGMENT);
    expect(await report(['wal', 'push', segment, ...there])).toMatchObject({ status: 0, summary: { outcome: 'stored' } });
    expect(await report(['wal', 'push', segment, ...there])).toMatchObject({ status: 0, summary: { outcome: 'there already' } });
    const target = join(project, `fetched-${name}`);
    expect(await report(['wal', 'fetch', SEGMENT, target, ...there])).toMatchObject({ status: 0 });
    expect(readFileSync(target).equals(readFileSync(segment))).toBe(true);
    expect((await report(['wal', 'fetch', '000000010000000000000002', target, ...there])).status).toBe(1);
    expect(await report(['wal', 'status', ...there])).toMatchObject({ status: 0, summary: { segments: 1, gaps: 0 } });
  });

  it('prunes, and the chain stays whole', async () => {
    const pruned = await report(['backup', 'prune', '--yes', ...there]);
    expect(pruned.summary).toMatchObject({ kept: 1, removed: 1 });
    expect((await report(['backup', 'list', ...there])).items.map(({ id }) => id)).toEqual([second]);
    expect(await report(['backup', 'verify', ...there])).toMatchObject({ status: 0 });
  });

  // Of one kind: nothing in it depends on the place.
  it.runIf(name === 's3')('takes a physical one of the whole server, and drills it', async () => {
    const made = await report(['backup', 'create', '--type', 'physical', '--engine', 'native', ...there]);
    expect(made).toMatchObject({ status: 0, error: null });
    const drilled = await report(['backup', 'drill', made.summary['id'] as string, ...there]);
    expect(drilled.items.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(drilled.status).toBe(0);
    expect(readdirSync(join(project, work))).toEqual([]);
  });
});

const s3Alone = ['--repository', 's3'];

describe('an upload that is stopped', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'by %s waits in the work folder, is not listed, and is gone on with by backup sync',
    async (signal) => {
      const before = (await report(['backup', 'list', ...s3Alone])).items.map(({ id }) => id);
      const reached = new Promise<void>((resolve) => {
        s3.fault = ({ method, key }) => {
          if (method !== 'PUT' || !key.endsWith('schema.sql')) return undefined;
          resolve();
          return { kind: 'silence' };
        };
      });
      const child = spawn(process.execPath, [join(root, 'bin', 'dbctl.js'), 'backup', 'create', ...s3Alone], {
        cwd: project,
        env: environment(),
        stdio: 'ignore',
      });
      const ended = once(child, 'exit');
      await reached;
      child.kill(signal);
      expect(await ended).toEqual(signal === 'SIGINT' ? [130, null] : [null, 'SIGKILL']);
      s3.fault = () => undefined;
      expect((await report(['backup', 'list', ...s3Alone])).items.map(({ id }) => id)).toEqual(before);
      const waiting = readdirSync(join(project, '.dbctl/s3')).find((name) => !name.startsWith('.'));
      expect(waiting).toMatch(/^lab-/);
      const synced = await report(['backup', 'sync']);
      expect(synced.items.filter(({ status }) => status === 'fail')).toEqual([]);
      expect((await report(['backup', 'list', ...s3Alone])).items.map(({ id }) => id)).toContain(waiting);
      expect(await report(['backup', 'verify', waiting ?? '', ...s3Alone])).toMatchObject({ status: 0 });
      expect(readdirSync(join(project, '.dbctl/s3'))).toEqual([]);
    },
  );
});

describe('what is wrong is said', () => {
  it('a key that is missing stops its own repository, and no other: the log goes on', async () => {
    const segment = join(project, SEGMENT);
    const pushed = await report(['wal', 'push', segment], { env: { ...environment(), LAB_KEY_ID: undefined } });
    expect(pushed).toMatchObject({ status: 0, summary: { repositories: 2, failed: 1 } });
    expect(pushed.items.map(({ status }) => status)).toEqual(['fail', 'pass']);
  });

  it.each<[string, string[], Record<string, string | undefined>, string]>([
    [
      'no id',
      ['--repository', 's3'],
      { LAB_KEY_ID: undefined },
      'the id of the access key of s3 is missing: the variable LAB_KEY_ID is not set',
    ],
    [
      'a wrong id',
      ['--repository', 's3'],
      { LAB_KEY_ID: 'OTHER' },
      's3://lab/one/: InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.',
    ],
  ])('%s', async (_name, args, env, message) => {
    const { error } = await report(['backup', 'list', ...args], { env: { LAB_KEY_ID: S3_KEYS.id, ...env } });
    expect(error?.message).toBe(message);
  });
});
