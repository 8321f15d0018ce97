import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { ask } from '../../support/dev-project.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';
import { guardServers } from '../../support/watchdog.ts';

/** A copy with a subscription must take nothing: what its worker confirmed to the publisher, production would never get. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-subscription-'));
const state = mkdtempSync(join(tmpdir(), 'dbctl-st-'));
const endServers = guardServers(state);

async function report(...args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: {
      SOURCE_URL: server.url('subscriber'),
      AGAIN_URL: `postgresql://limited:limited@127.0.0.1:${server.port}/again`,
      DBCTL_STATE_HOME: state,
      PATH: process.env['PATH'],
    },
    timeoutMs: 120_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}
const subscriber = (...statements: readonly string[]) => onServer(server.url('subscriber'), ...statements);
const confirmed = () => ask(server, 'select confirmed_flush_lsn::text from pg_replication_slots');

/** Nothing the publisher says is heard while `act` goes on: production is not there to be asked. */
async function takesNothing(act: () => Promise<void>): Promise<void> {
  await subscriber('alter subscription s disable');
  for (
    let waited = 0;
    (await ask(server, 'select count(*)::int from pg_replication_slots where active')) !== 0 && waited < 100;
    waited += 1
  )
    await sleep(100);
  await onServer(server.url('publisher'), `insert into t select coalesce(max(id), 0) + 1, 'while it was looked at' from t`);
  const before = await confirmed();
  await act();
  expect(await confirmed()).toBe(before);
  await subscriber('alter subscription s enable');
  const wanted = await ask(server, 'select count(*)::int from t', 'publisher');
  await expect.poll(() => ask(server, 'select count(*)::int from t', 'subscriber'), { timeout: 30_000 }).toBe(wanted);
}

beforeAll(async () => {
  for (const folder of [project, state]) chmodSync(folder, 0o711);
  [server] = await Promise.all([startServer({ settings: { wal_level: 'logical' } }), clientTools()]);
  await onServer(
    server.url(),
    `create role limited login password 'limited'`,
    'create database publisher',
    'create database subscriber',
    'create database again owner limited',
  );
  for (const database of ['publisher', 'subscriber'])
    await onServer(server.url(database), 'create table t (id int primary key, note text)');
  await onServer(
    server.url('publisher'),
    'create publication p for table t',
    `select pg_create_logical_replication_slot('slot', 'pgoutput')`,
  );
  await subscriber(
    'alter table t owner to limited',
    `create subscription s connection 'host=127.0.0.1 port=${server.port} user=postgres password=${server.password} dbname=publisher'
     publication p with (create_slot = false, slot_name = 'slot', copy_data = false)`,
  );
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: subscription
environments: { dev: { url: { variable: SOURCE_URL } }, again: { url: { variable: AGAIN_URL } } }
backup:
  repositories: [{ name: here, type: folder, path: backups }]
  signer: { name: subscription, key: { file: key.pem } }
`,
  );
  await report('ledger', 'key', 'key.pem', '--name', 'subscription');
}, 240_000);
afterAll(async () => {
  await server.stop();
  await endServers();
  rmSync(project, { recursive: true, force: true });
});

it('a restore that may not make it fails, and does not tell the password of its connection', async () => {
  expect((await report('backup', 'create')).error).toBeNull();
  const failed = await report('restore', '--env', 'again', '--yes');
  const { message = '', detail = '' } = failed.error ?? {};
  expect([failed.status, message]).toEqual([4, expect.stringContaining('permission denied to create subscription')]);
  expect(detail).toContain(`CREATE SUBSCRIPTION s CONNECTION '***'`);
  expect(JSON.stringify(failed)).not.toContain(server.password);
}, 60_000);

it.each(['physical', 'logical'])(
  'the drill of a %s backup, and a look into one, take nothing from the publisher',
  async (type) => {
    expect((await report('backup', 'create', '--type', type)).error).toBeNull();
    await takesNothing(async () => {
      const drill = await report('backup', 'drill');
      expect([drill.error, drill.status]).toEqual([null, 0]);
      const look = await report('restore', '--into', 'embedded');
      expect([look.error, look.status]).toEqual([null, 0]);
      // The worker of a subscription that may start does so within seconds.
      await sleep(3_000);
      await report('dev', 'down', '--purge', '--yes', '--config', look.summary['config'] as string);
    });
  },
  120_000,
);
