import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverProcesses } from '../../../src/ops/process/process.ts';
import { runCli } from '../../support/cli.ts';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { onServer } from '../../support/connection.ts';
import { S3_KEYS, startS3Server, type S3Server } from '../../support/s3-server.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { startSshServer, type SshServer } from '../../support/sshd.ts';
import { clientTools } from '../../support/tools.ts';
import { until } from '../wal/support.ts';

/** What stays when a command ends, and when it is killed: connections, copies, servers with somebody's rows in them. */
let server: TestServer;
let s3: S3Server;
let ssh: SshServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-left-'));
const at = (...parts: readonly string[]) => join(project, ...parts);
const program = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));
const environment = () => ({
  SOURCE_URL: server.url('lab'),
  LAB_KEY_ID: S3_KEYS.id,
  PATH: process.env['PATH'],
  // Throw-away servers of others are none of ours.
  TMPDIR: at('tmp'),
});
const report = (...args: readonly string[]): Promise<CliReport> =>
  cliReport(args, {
    cwd: project,
    env: environment(),
  });
/** Runs it until `when`, and then sends SIGKILL. What it was. */
async function killed(args: readonly string[], what: string, when: (pid: number) => boolean | Promise<boolean>): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], { cwd: project, env: environment(), stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await until(what, () => when(child.pid ?? 0), 60);
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await ended;
  return child.pid ?? 0;
}
const begins = (folder: string, prefix: string) => readdirSync(folder).filter((name) => name.startsWith(prefix));
/** Processes with this word among their arguments. */
const running = (word: string) =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false;
    }
  });

beforeAll(async () => {
  for (const folder of ['tmp', '.dbctl', '.dbctl/bucket']) mkdirSync(at(folder));
  for (const folder of [project, at('tmp')]) chmodSync(folder, 0o711);
  [server, s3, ssh] = await Promise.all([
    startServer({ settings: { wal_level: 'replica', max_wal_senders: '4' } }),
    startS3Server(),
    startSshServer(),
    clientTools(),
  ]);
  await onServer(server.url(), 'create database lab');
  await onServer(server.url('lab'), 'create table t (n int primary key)', 'insert into t select generate_series(1, 1000)');
  writeFileSync(at('s3.key'), S3_KEYS.key, { mode: 0o600 });
  writeFileSync(
    at('dbctl.yaml'),
    `version: 1
project: left
environments: { dev: { url: { variable: SOURCE_URL } } }
backup:
  repositories:
    - name: bucket
      type: s3
      bucket: lab
      region: ${S3_KEYS.region}
      endpoint: ${s3.endpoint}
      credentials: { id: { variable: LAB_KEY_ID }, secret: { file: s3.key } }
    - name: other
      type: sftp
      host: 127.0.0.1
      port: ${ssh.port}
      user: ${ssh.user}
      path: ${join(ssh.folder, 'backups')}
      key_file: ${ssh.keyFile}
      known_hosts: ${ssh.knownHosts}
  signer: { name: left, key: { file: key.pem } }
`,
  );
  await report('ledger', 'key', 'key.pem', '--name', 'left');
  expect((await report('backup', 'create', '--type', 'physical')).error).toBeNull();
}, 240_000);
afterAll(async () => {
  await Promise.all([server.stop(), s3.stop(), ssh.stop()]);
  rmSync(project, { recursive: true, force: true });
});

describe('a command that ends', () => {
  it('has ended its connections, whatever came of it, and an ssh that would stay, too', async () => {
    mkdirSync(at('bin'));
    const stays = `100.${process.pid}`;
    // It connects, and goes on when the connection has ended.
    writeFileSync(at('bin', 'ssh'), `#!/bin/sh\nPATH=/usr/bin:/bin ssh "$@"\nexec sleep ${stays}\n`, { mode: 0o755 });
    const path = `${at('bin')}:${process.env['PATH']}`;
    for (const [args, status] of [
      [['backup', 'list'], 0],
      [['restore', 'nothing-20261121T000000000Z-0000', '--data', at('never')], 4],
    ] as const) {
      const done = await runCli([...args, '--repository', 'other'], { cwd: project, env: { ...environment(), PATH: path } });
      expect([args[0], done.status]).toEqual([args[0], status]);
      expect([...running(stays), ...running(ssh.keyFile)]).toEqual([]);
    }
  });
});

/** The letter of a process's state as proc(5) writes it after the name, or `gone`. */
function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .charAt(0);
  } catch {
    return 'gone';
  }
}

describe('a command that is killed', () => {
  const brought = () => begins(at('.dbctl', 'bucket'), '.brought-');

  it('leaves a copy of a backup, which the next one clears; that of a command at work stays', async () => {
    s3.fault = ({ method, key }) => (method === 'GET' && key.includes('/cluster/base.tar') ? { kind: 'silence' } : undefined);
    const restore = ['restore', '--data', at('data'), '--yes', '--repository', 'bucket'];
    const dead = await killed(restore, 'it brings the backup', (pid) => brought().some((name) => name.includes(`-${pid}-`)));
    expect(brought()).toHaveLength(1);
    const atWork = `.brought-${process.pid}-abc`;
    mkdirSync(at('.dbctl', 'bucket', atWork));
    s3.fault = () => undefined;
    expect(await report(...restore)).toMatchObject({ status: 0, error: null });
    expect(brought()).toEqual([atWork]);
    expect(atWork).not.toContain(`-${dead}-`);
  }, 120_000);

  it('half-way through a new data folder leaves it, and the next one to that place clears it', async () => {
    const half = 'half.partial-';
    await killed(['restore', '--data', at('half'), '--yes', '--repository', 'bucket'], 'it unpacks', () =>
      begins(project, half).some((name) => readdirSync(at(name)).length > 0),
    );
    expect(begins(project, half)).toHaveLength(1);
    expect(await report('restore', '--data', at('half'), '--yes', '--repository', 'bucket')).toMatchObject({ status: 0 });
    expect(begins(project, half)).toEqual([]);
  }, 120_000);

  it('in a drill leaves a server with the rows of production, which the next drill ends and removes', async () => {
    const servers = () => begins(at('tmp'), 'dbctl-throw-away-');
    const processes = async () => (await Promise.all(servers().map((name) => serverProcesses(at('tmp', name, 'data'))))).flat();
    await killed(['backup', 'drill', '--repository', 'bucket'], 'its server runs', async () => (await processes()).length > 3);
    expect(servers()).toHaveLength(1);
    const left = await processes();
    expect(left.length).toBeGreaterThan(0);
    const drill = await report('backup', 'drill', '--repository', 'bucket');
    expect([drill.error, drill.status]).toEqual([null, 0]);
    expect(servers()).toEqual([]);
    // A process that has ended stays in the table until the one it was left to asks for its answer.
    for (const pid of left)
      await expect.poll(() => stateOf(pid), { message: String(pid), timeout: 10_000 }).toMatch(/^(?:gone|Z)$/);
  }, 120_000);
});
