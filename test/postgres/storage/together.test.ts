import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { silentProgress } from '../../../src/core/progress.ts';
import { withServerOn } from '../../../src/ops/server/throw-away.ts';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { onServer } from '../../support/connection.ts';
import { S3_KEYS, startS3Server, type S3Server } from '../../support/s3-server.ts';
import type { TestServer } from '../../support/server.ts';
import { startSshServer, type SshServer } from '../../support/sshd.ts';
import { clientTools } from '../../support/tools.ts';
import { ask, copied, startWalServer, until } from '../wal/support.ts';

/**
 * Everything at once, as a team would run it: a folder, a bucket and another machine, encrypted, compressed, with the archived log. The machine
 * that backs up, archives and catches up has no identity; who restores has one, and nothing but the bucket.
 */
let server: TestServer;
let s3: S3Server;
let ssh: SshServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-together-'));
const at = (...parts: readonly string[]) => join(project, ...parts);
const recipients: string[] = [];
const NAMES = ['disk', 'bucket', 'other'] as const;
/** What only reads takes its time at each, and not one after the other. */
const inEach = (act: (name: string) => Promise<void>) => Promise.all(NAMES.map(act));
const CANARY = 'canary-51d0-purple';

const report = (...args: readonly string[]): Promise<CliReport> =>
  cliReport(args, {
    cwd: project,
    env: {
      SOURCE_URL: server.url('lab'),
      TARGET_URL: server.url('restored'),
      LAB_KEY_ID: S3_KEYS.id,
      PATH: process.env['PATH'],
      XDG_CACHE_HOME: at('cache'),
    },
  });
/** A wrong port is a machine that is down. */
const configure = (port: number, more = '') =>
  writeFileSync(
    at('dbctl.yaml'),
    `version: 1
project: together
environments:
  dev: { url: { variable: SOURCE_URL } }
  staging: { url: { variable: TARGET_URL } }
backup:
  repositories:
    - { name: disk, type: folder, path: disk }
    - name: bucket
      type: s3
      bucket: lab
      prefix: prod/
      region: ${S3_KEYS.region}
      endpoint: ${s3.endpoint}
      credentials: { id: { variable: LAB_KEY_ID }, secret: { file: s3.key } }
    - name: other
      type: sftp
      host: 127.0.0.1
      port: ${port}
      user: ${ssh.user}
      path: ${join(ssh.folder, 'backups')}
      key_file: ${ssh.keyFile}
      known_hosts: ${ssh.knownHosts}
  signer: { name: together, key: { file: key.pem } }
  encryption: { work: plain, recipients: [${recipients.join(', ')}] }
${more}`,
  );
const ASSERTED = (rows: number) => `  drill:
    database: lab
    assertions: [{ name: rows, sql: select count(*) from event, expect: "${rows}" }]
`;
const failures = ({ items }: Report) =>
  items.filter(({ status }) => status === 'fail').map(({ id, object, message }) => [id, object, message]);
const happened = (n: number) => onServer(server.url('lab'), `insert into event values (${n}, '${CANARY}')`);
/** Ends the segment, waits until the server has given it to archive_command, and pushes what was not pushed yet. */
const pushed = new Set<string>();
async function archive(): Promise<void> {
  const last = await ask(server, 'select pg_walfile_name(pg_switch_wal())');
  await until(`${last} is archived`, () => copied(server).includes(last));
  for (const name of copied(server).filter((one) => !pushed.has(one))) {
    const push = await report('wal', 'push', join(server.folder, 'spool', name));
    expect([name, push.status, push.summary['failed'], push.items.length]).toEqual([name, 0, 0, 3]);
    pushed.add(name);
  }
}
const names = (folder: string) => readdirSync(at(folder)).filter((name) => name !== '.lock');

let [dump, files, moment] = ['', '', ''];

beforeAll(async () => {
  // The account of the server has to get to what is restored here.
  chmodSync(project, 0o711);
  [server, s3, ssh] = await Promise.all([
    startWalServer({ summarize_wal: 'on' }),
    startS3Server({ versions: true }),
    startSshServer(),
    clientTools(),
  ]);
  await onServer(server.url(), 'create database lab', 'create database restored');
  await onServer(server.url('lab'), 'create table event (n int primary key, note text)');
  writeFileSync(at('s3.key'), S3_KEYS.key, { mode: 0o600 });
  configure(ssh.port);
  await report('ledger', 'key', 'key.pem', '--name', 'together');
  for (const name of ['ann', 'bob']) {
    const { summary } = await report('backup', 'key', at(`${name}.identity`));
    recipients.push(summary['recipient'] as string);
  }
}, 240_000);
afterAll(async () => {
  await Promise.all([server.stop(), s3.stop(), ssh.stop()]);
  rmSync(project, { recursive: true, force: true });
});

describe('the machine that backs up has no identity', () => {
  it('one repository is down while a dump and a base backup are made; backup sync brings both there', async () => {
    configure(1);
    await happened(1);
    for (const type of ['logical', 'physical']) {
      const made = await report('backup', 'create', '--type', type);
      expect(made).toMatchObject({ status: 1, error: null, summary: { failed: 1, repositories: 3 } });
      expect(failures(made).map(([, object]) => object)).toEqual(['other']);
      if (type === 'logical') dump = made.summary['id'] as string;
      else files = made.summary['id'] as string;
    }
    configure(ssh.port);
    const caught = await report('backup', 'sync');
    expect([caught.status, caught.items.map(({ id, object }) => [id, object])]).toEqual([
      0,
      [
        [dump, 'other'],
        [files, 'other'],
      ],
    ]);
    expect((await report('backup', 'sync')).items).toEqual([]);
    await inEach(async (name) => {
      const listed = await report('backup', 'list', '--repository', name);
      expect(listed.items.map(({ id, status }) => [id, status])).toEqual([dump, files].map((id) => [id, 'pass']));
      expect(await report('backup', 'verify', '--repository', name)).toMatchObject({
        status: 0,
        summary: { backups: 2, bad: 0 },
      });
    });
  }, 120_000);

  it('the log goes to all three, pushed and received, and the same content twice is accepted', async () => {
    await happened(2);
    moment = await ask(server, `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
    await happened(3);
    await archive();
    await onServer(server.url('lab'), `insert into event select n, repeat('${CANARY}', 10) from generate_series(4, 1000) n`);
    await onServer(server.url(), 'select pg_switch_wal()');
    const received = await report('wal', 'receive', '--once');
    expect([received.status, failures(received)]).toEqual([0, []]);
    await happened(1001);
    await archive();
    await inEach(async (name) => {
      const status = await report('wal', 'status', '--repository', name);
      expect([name, failures(status)]).toEqual([name, []]);
    });
  }, 120_000);

  it('nothing in any of them is in clear, and nothing is left where it was plain or on its way', async () => {
    expect(s3.bucket.keys().length).toBeGreaterThan(10);
    for (const key of s3.bucket.keys()) expect(s3.bucket.get(key).bytes.includes(CANARY), key).toBe(false);
    expect(names('plain')).toEqual([]);
    expect(names('.dbctl/bucket')).toEqual([]);
    expect(names('.dbctl/other')).toEqual([]);
    for (const root of [at('disk'), join(ssh.folder, 'backups')])
      for (const file of readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()))
        expect(readFileSync(join(file.parentPath, file.name)).includes(CANARY), file.name).toBe(false);
  });
});

describe('who restores has an identity and the bucket', () => {
  const identity = () => ['--identity', at('bob.identity'), '--repository', 'bucket'];

  it('fetches the log from any of them', async () => {
    const [segment = ''] = [...pushed].toReversed();
    await inEach(async (name) => {
      const fetched = await report(
        'wal',
        'fetch',
        segment,
        at(`fetched-${name}`),
        '--identity',
        at('ann.identity'),
        '--repository',
        name,
      );
      expect([name, fetched.status, fetched.error]).toEqual([name, 0, null]);
      expect(readFileSync(at(`fetched-${name}`)).equals(readFileSync(join(server.folder, 'spool', segment))), name).toBe(true);
    });
  }, 60_000);

  it('drills the dump, the files up to the end of the log, and the files at a moment', async () => {
    for (const [args, rows] of [
      [[dump], 1],
      [['--at', 'latest'], 1001],
      [['--at', moment], 2],
    ] as const) {
      configure(ssh.port, ASSERTED(rows));
      const drill = await report('backup', 'drill', ...args, ...identity());
      expect([args, failures(drill), drill.error, drill.status]).toEqual([args, [], null, 0]);
    }
    expect([names('plain'), names('.dbctl/bucket')]).toEqual([[], []]);
    expect(await report('backup', 'drill', '--verify-reports', '--repository', 'bucket')).toMatchObject({ status: 0 });
    expect(await report('backup', 'status', '--repository', 'bucket')).toMatchObject({ error: null });
  }, 180_000);

  it('restores the dump into a database, and the files at a moment into a folder a server starts on', async () => {
    const restored = await report('restore', dump, '--env', 'staging', '--yes', ...identity());
    expect(restored).toMatchObject({ status: 0, error: null, summary: { differences: 0 } });
    const made = await report('restore', '--data', at('data'), '--to', moment, '--yes', ...identity());
    expect([made.error, made.items[0]?.['message']]).toEqual([null, 'every file as the server sent it']);
    expect(await rowsOf(at('data'))).toEqual('2');
    expect([names('plain'), names('.dbctl/bucket')]).toEqual([[], []]);
  }, 120_000);
});

/** Starts it as it was restored, but for who may come in and where it archives. */
async function rowsOf(folder: string): Promise<string> {
  let found = '';
  const request = { major: 18, uid: process.getuid?.(), progress: silentProgress, signal: new AbortController().signal } as const;
  const move = ({ data, account }: { readonly data: string; readonly account: { uid: number; gid: number } | undefined }) => {
    renameSync(folder, data);
    appendFileSync(join(data, 'postgresql.auto.conf'), "archive_mode = 'off'\n");
    writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\n');
    if (account !== undefined) chownSync(join(data, 'pg_hba.conf'), account.uid, account.gid);
    return Promise.resolve();
  };
  await withServerOn(request, move, async ({ socket, port }) => {
    const client = new pg.Client({ host: socket, port, user: 'postgres', database: 'lab' });
    await client.connect();
    const count = async (sql: string) =>
      String(Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0]);
    await until('it has left recovery', async () => (await count('select pg_is_in_recovery()')) === 'false');
    found = await count('select count(*) from event');
    await client.end();
  });
  return found;
}
