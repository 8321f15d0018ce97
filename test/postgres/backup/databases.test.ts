import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** Several databases of one server, a backup each. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-databases-'));
const repository = join(project, 'backups');
let into = 'a_restored';

const report = (...args: readonly string[]): Promise<CliReport> =>
  cliReport(args, {
    cwd: project,
    env: { SOURCE_URL: server.url('a'), TARGET_URL: server.url(into), PATH: process.env['PATH'] },
  });
const told = ({ items }: Report) => items.map(({ status, message }) => `${status} ${message}`);

beforeAll(async () => {
  [server] = await Promise.all([startServer(), clientTools()]);
  for (const name of ['a', '"B b"', 'c']) await onServer(server.url(), `create database ${name}`);
  await onServer(server.url(), 'create database closed allow_connections false');
  for (const [name, rows] of [
    ['a', 1],
    ['B b', 2],
    ['c', 3],
  ] as const) {
    await onServer(server.url(name), 'create table t (id int)', `insert into t select generate_series(1, ${rows})`);
  }
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: many
environments: { dev: { url: { variable: SOURCE_URL } }, target: { url: { variable: TARGET_URL } } }
backup:
  repositories: [{ name: nightly, type: folder, path: backups }]
  signer: { name: many-backup, key: { file: key.pem } }
  lock_wait: 1s
  drill_days: 3650
`,
  );
  await report('ledger', 'key', 'key.pem', '--name', 'many-backup');
}, 240_000);
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

it.each<[readonly string[], string]>([
  [['--all-databases', '--database', 'a'], '--database and --all-databases contradict each other'],
  [
    ['--all-databases', '--type', 'physical'],
    'a physical backup holds every database of the server: leave --database and --all-databases out',
  ],
])('is not asked with %j', async (args, message) => {
  expect(await report('backup', 'create', ...args)).toMatchObject({ status: 2, error: { code: 'usage', message } });
});

it('says which, before', async () => {
  const planned = await report('backup', 'create', '--all-databases', '--dry-run');
  expect(planned.items[0]?.message).toMatch(/^a backup of B b, a, c, postgres would be made in /);
  expect(existsSync(repository) ? readdirSync(repository).filter((name) => !name.startsWith('.')) : []).toEqual([]);
});

it('says before what cannot be', async () => {
  const planned = await report('backup', 'create', '--database', 'nowhere', '--database', 'a', '--dry-run');
  expect(planned).toMatchObject({ status: 1, ok: false, summary: { databases: 2, failed: 1 } });
  expect(told(planned)).toEqual([
    expect.stringMatching(/^pass a backup of a would be made in /),
    expect.stringMatching(/^fail nowhere: not backed up: .*database "nowhere" does not exist/),
  ]);
  const physical = await report('backup', 'create', '--type', 'physical', '--incremental', '--dry-run');
  expect(physical).toMatchObject({
    status: 5,
    error: { code: 'refused', message: 'no base backup can be taken: summarize_wal is off' },
  });
});

it('backs up each database by itself, with the roles of the cluster', async () => {
  const made = await report('backup', 'create', '--all-databases');
  expect(made).toMatchObject({ status: 0, ok: true, summary: { databases: 4, failed: 0 } });
  expect(told(made)).toEqual([
    'pass B b: 2 rows of 1 tables',
    'pass a: 1 rows of 1 tables',
    'pass c: 3 rows of 1 tables',
    'pass postgres: 0 rows of 0 tables',
  ]);
  for (const { id } of made.items) expect(existsSync(join(repository, id, 'globals.sql'))).toBe(true);
  expect(await report('backup', 'verify')).toMatchObject({ status: 0 });
});

it('one that fails is exit 1 and named, and harms no other', async () => {
  const blocker = new pg.Client({ connectionString: server.url('a') });
  await blocker.connect();
  await blocker.query('begin; lock table t in access exclusive mode');
  const before = readdirSync(repository).filter((name) => !name.startsWith('.'));
  const made = await report('backup', 'create', '--database', 'nowhere', '--database', 'a', '--database', 'c');
  await blocker.query('rollback');
  await blocker.end();
  expect(made).toMatchObject({ status: 1, ok: false, summary: { databases: 3, failed: 2 } });
  expect(told(made)).toEqual([
    expect.stringMatching(/^fail nowhere: not backed up: .*database "nowhere" does not exist/),
    expect.stringMatching(/^fail a: not backed up: public\.t is locked by process \d+ \(postgres, idle in transaction /),
    'pass c: 3 rows of 1 tables',
  ]);
  const after = readdirSync(repository).filter((name) => !name.startsWith('.'));
  expect(after.length).toBe(before.length + 1);
  expect(await report('backup', 'verify')).toMatchObject({ status: 0 });
});

it('a restore without an id takes the one of the same name, never just the newest', async () => {
  await onServer(server.url(), 'create database a_restored');
  const unclear = await report('restore', '--env', 'target', '--yes');
  expect(unclear).toMatchObject({
    status: 5,
    error: { message: 'nightly has backups of B b, a, c, postgres, and none of a_restored' },
  });
  await onServer(server.url(), 'alter database a rename to a_before', 'create database a');
  into = 'a';
  const restored = await report('restore', '--env', 'target', '--yes');
  expect(restored).toMatchObject({ status: 0, error: null, summary: { id: expect.stringMatching(/^a-/) } });
});

it('status watches each: one that stopped does not hide behind another', async () => {
  const { items } = await report('backup', 'status');
  expect(items.filter(({ id }) => id === 'backup-age').map(({ object, status }) => `${status} ${object}`)).toEqual([
    'pass newest sealed backup of B b',
    'pass newest sealed backup of a',
    'pass newest sealed backup of c',
    'pass newest sealed backup of postgres',
  ]);
});

it.each([
  ['--type', 'physical', '--engine', 'native'],
  ['--database', 'a', '--database', 'c'],
])('is not ended by a limit on idle sessions while another session works: %s %s', async (...args) => {
  await onServer(server.url(), `alter role postgres set idle_session_timeout = '250ms'`);
  const made = await report('backup', 'create', ...args);
  await onServer(server.url(), 'alter role postgres reset idle_session_timeout');
  expect(made, JSON.stringify(made)).toMatchObject({ status: 0, error: null });
});
