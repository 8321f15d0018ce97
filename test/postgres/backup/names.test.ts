import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { ident } from '../../../src/db/ident.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';
import { guardServers } from '../../support/watchdog.ts';

/** Databases a new server has already, and names that programs take for something else: patterns, connection parameters, paths. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-names-'));
const state = mkdtempSync(join(tmpdir(), 'dbctl-st-'));
const endServers = guardServers(state);
const ODD = String.raw`A b=c.*"d'$e\ü/..`;

async function report(database: string, ...args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: { SOURCE_URL: server.url(database), DBCTL_STATE_HOME: state, PATH: process.env['PATH'] },
    timeoutMs: 120_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}
const failures = ({ items }: Report) =>
  items.filter(({ status }) => status === 'fail').map(({ object, message }) => [object, message]);
/** A URL of pg's own reading keeps `%3D` in the name of a database. */
async function inDatabase(database: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', password: server.password, database });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
async function backUp(database: string): Promise<string> {
  const made = await report(database, 'backup', 'create');
  expect(made.error).toBeNull();
  return made.summary['id'] as string;
}

beforeAll(async () => {
  for (const folder of [project, state]) chmodSync(folder, 0o711);
  [server] = await Promise.all([startServer(), clientTools()]);
  await onServer(server.url(), `create database ${ident(ODD)}`, 'create role "Group"', 'create role "Owner" in role "Group"');
  for (const database of ['postgres', 'template1', ODD]) {
    await inDatabase(
      database,
      'create table "T" (id int primary key)',
      'insert into "T" values (1)',
      'alter table "T" owner to "Owner"',
    );
  }
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: names
environments: { dev: { url: { variable: SOURCE_URL } } }
backup:
  repositories: [{ name: here, type: folder, path: backups }]
  signer: { name: names, key: { file: key.pem } }
  drill: { database: postgres, assertions: [{ name: rows, sql: 'select count(*) from "T"', expect: "1" }] }
`,
  );
  await report('postgres', 'ledger', 'key', 'key.pem', '--name', 'names');
}, 240_000);
afterAll(async () => {
  await server.stop();
  await endServers();
  rmSync(project, { recursive: true, force: true });
});

it.each(['postgres', 'template1', ODD])(
  'a backup of %s is drilled and looked into',
  async (database) => {
    const id = await backUp(database);
    const drill = await report(database, 'backup', 'drill', id);
    expect([drill.error, failures(drill), drill.status]).toEqual([null, [], 0]);
    expect(drill.items.find(({ id: step }) => step === 'amcheck')?.['outcome']).toBe('passed');
    if (database === 'template1') return;
    const look = await report(database, 'restore', id, '--into', 'embedded');
    expect([look.error, failures(look), look.status]).toEqual([null, [], 0]);
    await report(database, 'dev', 'down', '--purge', '--yes', '--config', look.summary['config'] as string);
  },
  60_000,
);

it('all of them are files of a server whose backup is drilled', async () => {
  await report('postgres', 'backup', 'create', '--type', 'physical');
  const drill = await report('postgres', 'backup', 'drill');
  expect([drill.error, failures(drill), drill.status]).toEqual([null, [], 0]);
}, 60_000);

it('into the database it was made of nothing is restored, and into one made anew in its place it is', async () => {
  const id = await backUp(ODD);
  const refused = await report(ODD, 'restore', id, '--yes');
  expect(refused.status).toBe(5);
  expect(refused.error?.message).toBe(
    `${id} cannot be restored into ${ODD}: it is the database the backup was made of; it is not empty: it has table "T"`,
  );
  const create = (refused.error?.hint ?? '').replace('Make an empty database: ', '');
  await onServer(server.url(), `drop database ${ident(ODD)}`, create);
  const restored = await report(ODD, 'restore', id, '--yes');
  expect([restored.error, failures(restored), restored.status]).toEqual([null, [], 0]);
}, 60_000);
