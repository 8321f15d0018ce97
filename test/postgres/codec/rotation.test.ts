import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { WRAPPED_DATA_KEY } from '../../../src/ops/codec/data-key.ts';
import { openIdentity } from '../../../src/ops/codec/identity.ts';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { onServer } from '../../support/connection.ts';
import { S3_KEYS, startS3Server, type Fault, type S3Server } from '../../support/s3-server.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** A chain of encrypted incremental backups in a bucket, whose keys pass from one person to another while the program is killed. */
let server: TestServer;
let s3: S3Server;
const project = mkdtempSync(join(tmpdir(), 'dbctl-rotation-'));
const at = (...parts: readonly string[]) => join(project, ...parts);
const program = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));
const recipients: Record<string, string> = {};
const chain: string[] = [];
const environment = () => ({ SOURCE_URL: server.url('lab'), LAB_KEY_ID: S3_KEYS.id, PATH: process.env['PATH'] });

const report = (...args: readonly string[]): Promise<CliReport> =>
  cliReport(args, {
    cwd: project,
    env: environment(),
  });
const configure = (name: string) =>
  writeFileSync(
    at('dbctl.yaml'),
    `version: 1
project: rotation
environments: { dev: { url: { variable: SOURCE_URL } } }
backup:
  repositories:
    - name: bucket
      type: s3
      bucket: lab
      region: ${S3_KEYS.region}
      endpoint: ${s3.endpoint}
      credentials: { id: { variable: LAB_KEY_ID }, secret: { file: s3.key } }
  signer: { name: rotation, key: { file: key.pem } }
  keep: { last: 1, daily: 0 }
  encryption: { work: plain, recipients: [${recipients[name] ?? ''}] }
`,
  );
/** Who opens the key of each backup of the chain, as it lies in the bucket now. */
const openers = () =>
  Promise.all(
    chain.map(async (id) => {
      const text = s3.bucket.get(`${id}/key.age`).bytes.toString();
      const opens = await Promise.all(
        ['ann', 'eve'].map(async (name) => {
          const identity = await openIdentity({ kind: 'file', file: at(name) }, { variables: {}, folder: project });
          return identity.unwrap(text, WRAPPED_DATA_KEY).then(
            () => [name],
            () => [],
          );
        }),
      );
      return opens.flat().join(' ');
    }),
  );
const failures = ({ items }: Report) => items.filter(({ status }) => status === 'fail').map(({ id, message }) => [id, message]);

beforeAll(async () => {
  chmodSync(project, 0o711);
  [server, s3] = await Promise.all([
    startServer({ settings: { wal_level: 'replica', max_wal_senders: '4', summarize_wal: 'on' } }),
    startS3Server(),
    clientTools(),
  ]);
  await onServer(server.url(), 'create database lab');
  await onServer(server.url('lab'), 'create table t (n int primary key)', 'insert into t values (0)');
  writeFileSync(at('s3.key'), S3_KEYS.key, { mode: 0o600 });
  recipients['ann'] = 'age1kcpkpzyjx0p2y99ltu2p9rvvfcn93k3jlrhv8ell29qkw7z25p0qlvjqwj';
  configure('ann');
  await report('ledger', 'key', 'key.pem', '--name', 'rotation');
  for (const name of ['ann', 'eve']) recipients[name] = (await report('backup', 'key', at(name))).summary['recipient'] as string;
  writeFileSync(at('both'), readFileSync(at('ann'), 'utf8') + readFileSync(at('eve'), 'utf8'), { mode: 0o600 });
  configure('ann');
}, 240_000);
afterAll(async () => {
  await Promise.all([server.stop(), s3.stop()]);
  rmSync(project, { recursive: true, force: true });
});

describe('an encrypted chain', () => {
  it('is made without an identity, and drilled with one', async () => {
    for (const more of [[], ['--incremental'], ['--incremental']]) {
      const made = await report('backup', 'create', '--type', 'physical', ...more);
      expect(made.error).toBeNull();
      chain.push(made.summary['id'] as string);
      await onServer(server.url('lab'), `insert into t values (${chain.length})`);
    }
    expect((await report('backup', 'list')).items.map(({ parent }) => parent)).toEqual([null, chain[0], chain[1]]);
    const drill = await report('backup', 'drill', '--identity', at('ann'));
    expect([drill.error, failures(drill), drill.status]).toEqual([null, [], 0]);
  }, 120_000);

  it('is kept whole by prune for the sake of its newest', async () => {
    const pruned = await report('backup', 'prune', '--yes');
    expect(pruned).toMatchObject({ status: 0, summary: { removed: 0, kept: 3 } });
  }, 60_000);
});

describe('backup rewrap that is killed', () => {
  /** Runs it, and kills it when the n-th key is being written: before the bucket has it, or after. */
  async function killedAt(n: number, identity: string, fault: Fault): Promise<void> {
    let writes = 0;
    const child = spawn(process.execPath, [program, 'backup', 'rewrap', '--identity', at(identity)], {
      cwd: project,
      env: environment(),
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    s3.fault = ({ method, key }) => {
      if (method !== 'PUT' || !key.endsWith('/key.age') || (writes += 1) < n) return undefined;
      child.kill('SIGKILL');
      return fault;
    };
    await ended;
    s3.fault = () => undefined;
    expect([child.signalCode, writes]).toEqual(['SIGKILL', n]);
  }

  it.each<[number, Fault['kind'], number]>([
    [1, 'silence', 0],
    [1, 'reset after', 1],
    [2, 'silence', 1],
    [3, 'silence', 2],
    [3, 'reset after', 3],
  ])('at key %d (%s): each backup opens for one or the other, and the next run finishes', async (n, kind, done) => {
    const [[from = '']] = [await openers()];
    const to = from === 'ann' ? 'eve' : 'ann';
    configure(to);
    await killedAt(n, from, { kind } as Fault);
    expect(await openers()).toEqual([...Array<string>(done).fill(to), ...Array<string>(3 - done).fill(from)]);
    expect(await report('backup', 'verify')).toMatchObject({ status: 0, summary: { bad: 0 } });
    // The old identity opens what is left, and says of the rest that it is wrapped for others; both in one file open everything.
    if (n === 2) {
      const left = await report('backup', 'rewrap', '--identity', at(from));
      expect([left.status, left.summary['rewrapped'], left.summary['failed']]).toEqual([1, 3 - done, done]);
    } else
      expect(await report('backup', 'rewrap', '--identity', at('both'))).toMatchObject({ status: 0, summary: { rewrapped: 3 } });
    expect(await openers()).toEqual([to, to, to]);
  });

  it('after it the chain is restored with the new identity, and with the old one nothing is', async () => {
    const [[now = '']] = [await openers()];
    const old = now === 'ann' ? 'eve' : 'ann';
    const refused = await report('restore', '--data', at('data'), '--yes', '--identity', at(old));
    expect([refused.status, refused.error?.message]).toEqual([5, `${at(old)} does not open key.age: it was wrapped for others`]);
    const restored = await report('restore', '--data', at('data'), '--yes', '--identity', at(now));
    expect([restored.error, restored.items[0]?.['message']]).toEqual([null, 'every file as the server sent it']);
    expect((await report('backup', 'drill', '--identity', at(now))).status).toBe(0);
  }, 120_000);
});
