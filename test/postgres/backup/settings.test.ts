import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { ask } from '../../support/dev-project.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';
import { guardServers } from '../../support/watchdog.ts';

/**
 * A database whose settings are in the way of everybody who does not expect them: sessions that cannot write, are ended after a millisecond, act
 * as somebody else, load a library nobody else has. And objects in a tablespace.
 */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-settings-'));
const state = mkdtempSync(join(tmpdir(), 'dbctl-st-'));
const endServers = guardServers(state);
const library = () => join(server.folder, 'own', 'own_audit');
const SETTINGS = () => [
  `session_preload_libraries = '${library()}'`,
  'default_transaction_read_only = on',
  `statement_timeout = '1ms'`,
  `transaction_timeout = '1ms'`,
  `idle_session_timeout = '1ms'`,
  `search_path = ''`,
  'row_security = off',
  'default_tablespace = fast',
  `temp_tablespaces = 'fast'`,
  'client_min_messages = debug1',
  `default_text_search_config = 'public.plain'`,
  'auto_explain.log_min_duration = 5',
  'role = reader',
];

async function report(...args: readonly string[]): Promise<Report & { status: number | null; stderr: string }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: {
      // Whoever backs such a database up has to ask for other settings, too.
      SOURCE_URL: `${server.url('set')}?options=${encodeURIComponent(QUIET)}`,
      AGAIN_URL: server.url('again'),
      DBCTL_STATE_HOME: state,
      PATH: process.env['PATH'],
    },
    timeoutMs: 120_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status, stderr };
}
/** Time enough; a library that is not there keeps whoever asks for this out. */
const UNHURRIED = '-c role=none -c transaction_timeout=0 -c idle_session_timeout=0';
const QUIET = `${UNHURRIED} -c session_preload_libraries=`;
/** What a person asks for besides: on a busy machine \`select 1\` takes more than the millisecond left to a statement. dbctl asks for it by itself. */
const PATIENT = `${UNHURRIED} -c statement_timeout=0`;
const failures = ({ items }: Report) =>
  items.filter(({ status }) => status === 'fail').map(({ object, message }) => [object, message]);

beforeAll(async () => {
  for (const folder of [project, state]) chmodSync(folder, 0o711);
  [server] = await Promise.all([startServer(), clientTools()]);
  await Promise.all([server.giveFolder('own'), server.giveFolder('fast')]);
  copyFileSync(join(server.binFolder, '..', 'lib', 'postgresql', 'auto_explain.so'), `${library()}.so`);
  chmodSync(`${library()}.so`, 0o755);
  await onServer(
    server.url(),
    'create database set',
    'create database again',
    'create role reader',
    'create role "Odd Group"',
    'create role owner_of_t in role "Odd Group"',
    `create tablespace fast location '${join(server.folder, 'fast')}'`,
  );
  await onServer(
    server.url('set'),
    'create text search configuration public.plain (copy = pg_catalog.simple)',
    'create table t (id int primary key, note text) tablespace fast',
    `insert into t select n, md5(n::text) from generate_series(1, 1000) n`,
    'alter table t owner to owner_of_t',
    ...SETTINGS().map((setting) => `alter database set set ${setting}`),
  );
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: settings
environments:
  dev: { url: { variable: SOURCE_URL } }
  again: { url: { variable: AGAIN_URL } }
backup:
  repositories: [{ name: here, type: folder, path: backups }]
  signer: { name: settings, key: { file: key.pem } }
`,
  );
  await report('ledger', 'key', 'key.pem', '--name', 'settings');
  expect((await report('backup', 'create')).error).toBeNull();
  rmSync(`${library()}.so`);
}, 240_000);
afterAll(async () => {
  await server.stop();
  await endServers();
  rmSync(project, { recursive: true, force: true });
});

describe('a database whose settings are in the way', () => {
  it('is drilled, and the report says which library was not there', async () => {
    const drill = await report('backup', 'drill');
    expect([drill.error, failures(drill), drill.status]).toEqual([null, [], 0]);
    const compared = drill.items.find(({ id }) => id === 'compare');
    expect(compared?.['detail']).toContain(`looked at without session_preload_libraries = "${library()}" in set`);
    expect(drill.items.find(({ id }) => id === 'amcheck')?.['outcome']).toBe('passed');
  }, 60_000);

  it('is restored: the setting that would keep everybody out is left out and named, the others are there', async () => {
    const restored = await report('restore', '--env', 'again', '--yes');
    expect([restored.error, failures(restored)]).toEqual([
      null,
      [['database', 'its setting session_preload_libraries is missing']],
    ]);
    const restoredSettings = `select string_agg(split_part(c, '=', 1), ' ' order by c collate "C") from pg_db_role_setting s, unnest(s.setconfig) c, pg_database d
      where d.oid = s.setdatabase and d.datname = 'again'`;
    expect((await ask(server, restoredSettings)) as string).toBe(
      SETTINGS()
        .slice(1)
        .map((setting) => setting.split(' ')[0] ?? '')
        .toSorted((a, b) => (a < b ? -1 : 1))
        .join(' '),
    );
    // Whoever asks for more time than the settings leave gets in.
    await onServer(`${server.url('again')}?options=${encodeURIComponent(PATIENT)}`, 'select 1');
  }, 60_000);

  it('is looked into, and a person gets in', async () => {
    const look = await report('restore', '--into', 'embedded');
    expect([look.error, failures(look), look.status]).toEqual([null, [], 0]);
    const config = look.summary['config'] as string;
    const { stdout } = await runCli(['dev', 'url', '--with-password', '--config', config], {
      cwd: project,
      env: { DBCTL_STATE_HOME: state, PATH: process.env['PATH'] },
    });
    await onServer(`${stdout.trim()}?options=${encodeURIComponent(PATIENT)}`, 'select 1');
    const down = await report('dev', 'down', '--purge', '--yes', '--config', config);
    expect([down.error, down.status]).toEqual([null, 0]);
  }, 60_000);

  it('is not restored where its tablespace is not there: that is said before anything is touched', async () => {
    const elsewhere = await startServer();
    try {
      await onServer(elsewhere.url(), 'create role reader', 'create role owner_of_t');
      const { status, stdout } = await runCli(['restore', '--env', 'again', '--yes', '--format', 'json'], {
        cwd: project,
        env: { AGAIN_URL: elsewhere.url(), PATH: process.env['PATH'] },
      });
      const { error } = JSON.parse(stdout) as Report;
      expect([status, error?.message]).toEqual([
        5,
        expect.stringMatching(/^set-\S+ cannot be restored into postgres: the tablespace fast is missing$/),
      ]);
    } finally {
      await elsewhere.stop();
    }
  }, 60_000);
});
