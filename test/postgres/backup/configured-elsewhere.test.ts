import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { parseControlFile } from '../../../src/ops/restore/control-file.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import type { TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';
import { guardServers } from '../../support/watchdog.ts';
import { ask, copied, startWalServer, until } from '../wal/support.ts';

/**
 * A server as Debian runs one: its configuration is not in the data folder and comes into no base backup. It has more room than a server has by
 * default, an open prepared transaction, and libraries nobody else has. Its copies have to start all the same.
 */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-elsewhere-'));
const state = mkdtempSync(join(tmpdir(), 'dbctl-st-'));
const endServers = guardServers(state);
const pushed = new Set<string>();
const library = () => join(server.folder, 'own', 'own_audit');

async function report(...args: readonly string[]): Promise<Report & { status: number | null; stderr: string }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: { SOURCE_URL: server.url(), DBCTL_STATE_HOME: state, PATH: process.env['PATH'] },
    timeoutMs: 120_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status, stderr };
}
/** The open prepared transaction came back, which it can only where there is room for it. */
const prepared = ({ items }: Report) => items.find(({ id }) => id === 'assertion')?.['outcome'];
const failures = ({ items }: Report) => items.filter(({ status }) => status === 'fail').map(({ id, message }) => [id, message]);

/** With the configuration from elsewhere, as pg_ctlcluster does it. */
function start(settings: Readonly<Record<string, string>>): void {
  const { account, binFolder, data, log, port, socket } = server;
  const file = join(server.folder, 'etc', 'postgresql.conf');
  const given = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  writeFileSync(file, `${readFileSync(file, 'utf8')}${given.join('')}`);
  execFileSync(
    join(binFolder, 'pg_ctl'),
    ['start', '-D', data, '-w', '-l', log, '-o', `-c config_file=${file} -h 127.0.0.1 -p ${port} -k ${socket}`],
    { cwd: '/', stdio: 'ignore', ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }) },
  );
}
async function archive(): Promise<void> {
  const last = await ask(server, 'select pg_walfile_name(pg_switch_wal())');
  await until(`${last} is archived`, () => copied(server).includes(last));
  for (const name of copied(server).filter((one) => !pushed.has(one))) {
    expect((await report('wal', 'push', join(server.folder, 'spool', name))).status).toBe(0);
    pushed.add(name);
  }
}
/** The library is there while production runs, and nowhere else. */
async function withoutLibrary<T>(act: () => Promise<T>): Promise<T> {
  rmSync(`${library()}.so`);
  try {
    return await act();
  } finally {
    bringLibrary();
  }
}
function bringLibrary(): void {
  copyFileSync(join(server.binFolder, '..', 'lib', 'postgresql', 'auto_explain.so'), `${library()}.so`);
  chmodSync(`${library()}.so`, 0o755);
}

beforeAll(async () => {
  for (const folder of [project, state]) chmodSync(folder, 0o711);
  [server] = await Promise.all([startWalServer(), clientTools()]);
  await Promise.all([server.giveFolder('etc'), server.giveFolder('own')]);
  bringLibrary();
  await server.halt();
  await server.give(join(server.folder, 'etc', 'postgresql.conf'), readFileSync(join(server.data, 'postgresql.conf')));
  rmSync(join(server.data, 'postgresql.conf'));
  start({
    max_connections: '500',
    max_worker_processes: '24',
    max_wal_senders: '20',
    max_prepared_transactions: '30',
    max_locks_per_transaction: '512',
    shared_preload_libraries: `pg_stat_statements,${library()}`,
  });
  await onServer(server.url(), 'create table t (n int primary key)', 'insert into t values (1)');
  await onServer(server.url(), `alter database postgres set session_preload_libraries = '${library()}'`);
  await onServer(server.url(), `begin`, 'insert into t values (1000)', `prepare transaction 'open'`);
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: elsewhere
environments: { dev: { url: { variable: SOURCE_URL } } }
backup:
  repositories: [{ name: nightly, type: folder, path: backups }]
  signer: { name: cli-backup, key: { file: key.pem } }
  drill:
    database: postgres
    assertions: [{ name: prepared, sql: "select string_agg(gid, ' ') from pg_prepared_xacts", expect: open }]
`,
  );
  await report('ledger', 'key', 'key.pem', '--name', 'cli-backup');
}, 240_000);
afterAll(async () => {
  await server.stop();
  await endServers();
  rmSync(project, { recursive: true, force: true });
});

it('what the server had room for is read from its data folder', () => {
  const bytes = readFileSync(join(server.data, 'global', 'pg_control'));
  expect(parseControlFile(bytes)).toEqual({ maxPreparedTransactions: 30, maxLocksPerTransaction: 512 });
  const other = Buffer.from(bytes);
  other.writeUInt32LE(1900, 8);
  expect([parseControlFile(other), parseControlFile(bytes.subarray(0, 100))]).toEqual([null, null]);
});

it('without a configuration its backup is drilled, alone and with the log, and looked into', async () => {
  expect((await report('backup', 'create', '--type', 'physical')).error).toBeNull();
  expect(existsSync(join(server.data, 'postgresql.conf'))).toBe(false);
  await onServer(server.url(), 'insert into t values (2)');
  await archive();
  await withoutLibrary(async () => {
    for (const args of [[], ['--at', 'latest']]) {
      const drill = await report('backup', 'drill', ...args);
      expect([args, drill.error, failures(drill), prepared(drill), drill.status]).toEqual([args, null, [], 'passed', 0]);
      const opened = drill.items.find(({ id }) => id === 'open');
      expect(opened?.['detail']).toEqual([`looked at without session_preload_libraries = "${library()}" in postgres`]);
    }
    const look = await report('restore', '--into', 'embedded', '--to', 'latest');
    expect([look.error, look.status]).toEqual([null, 0]);
    const gone = await report('dev', 'down', '--purge', '--yes', '--config', look.summary['config'] as string);
    expect(gone.status).toBe(0);
  });
}, 180_000);

it('with the configuration of initdb beside it, and more room made after the backup, too', async () => {
  // What initdb left and nobody reads any more, with less than a server needs to follow this log while it answers.
  await server.give(
    join(server.data, 'postgresql.conf'),
    `max_connections = 20\nshared_preload_libraries = '${library()}'\ndefault_toast_compression = 'lz4'\nlc_messages = 'xx_XX'\n`,
  );
  expect((await report('backup', 'create', '--type', 'physical')).error).toBeNull();
  await server.halt();
  start({ max_connections: '600', max_worker_processes: '30' });
  await onServer(server.url(), 'insert into t values (3)');
  await archive();
  await withoutLibrary(async () => {
    const drill = await report('backup', 'drill', '--at', 'latest');
    expect([drill.error, failures(drill), prepared(drill), drill.status]).toEqual([null, [], 'passed', 0]);
    expect(drill.items.find(({ id }) => id === 'open')?.['detail']).toEqual([
      `looked at without session_preload_libraries = "${library()}" in postgres`,
      `looked at without shared_preload_libraries = ${library()}`,
    ]);
  });
}, 180_000);
