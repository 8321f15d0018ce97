import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runProgram } from '../../../src/ops/process/program.ts';
import { containerCommand } from '../../../src/ops/tools/container.ts';
import { findImage } from '../../../src/ops/tools/container-engine.ts';
import { findPrograms } from '../../../src/ops/tools/find.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startPodman, type Podman } from '../../support/podman.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { until } from '../wal/support.ts';

/** The real engine: Podman, with an image made here. Where it runs no container, each test says why it is skipped. */
let engine: Podman | string;
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-contained-'));
const at = (...parts: readonly string[]) => join(project, ...parts);
const program = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));
const SECRET = 'canary-hunter2';

beforeAll(async () => {
  [engine, server] = await Promise.all([
    startPodman(),
    startServer({ settings: { wal_level: 'replica', max_wal_senders: '4' } }),
  ]);
  await onServer(server.url(), 'create database lab', `create role backup superuser login password '${SECRET}'`);
  await onServer(
    server.url('lab'),
    'create table t (n int primary key, note text)',
    `insert into t select n, 'row ' || n from generate_series(1, 5000) n`,
  );
  for (const name of ['cache', 'tmp']) mkdirSync(at(name));
  // A server of another account, as a test of root makes it, has a socket all may reach.
  const here = (await findPrograms({ setting: null, path: '', cache: at('cache') }, 18, ['pg_dump']))[0]?.taken ?? null;
  if (here !== null) engine = `this machine has client programs of PostgreSQL 18 of its own: ${here.path}`;
  configure('');
  await runCli(['ledger', 'key', 'key.pem', '--name', 'lab'], { cwd: project });
}, 240_000);
afterAll(async () => {
  if (typeof engine !== 'string') engine.remove();
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

const configure = (more: string) =>
  writeFileSync(
    at('dbctl.yaml'),
    `version: 1
project: lab
environments: { dev: { url: { variable: SOURCE_URL } }, other: { url: { variable: OTHER_URL } } }
backup:
  repositories: [{ name: here, type: folder, path: repository }]
  signer: { name: lab, key: { file: key.pem } }
${more}`,
  );
function podman(context: TestContext): Podman {
  if (typeof engine === 'string') context.skip(engine);
  return engine;
}
const urlOf = (database: string, host?: string) => {
  const url = new URL(server.url(database));
  [url.username, url.password] = ['backup', SECRET];
  if (host !== undefined) url.searchParams.set('host', host);
  return url.href;
};
const environment = ({ variables }: Podman) => ({
  ...variables,
  DBCTL_CACHE_HOME: at('cache'),
  TMPDIR: at('tmp'),
  SOURCE_URL: urlOf('lab'),
  OTHER_URL: urlOf('restored', server.socket),
});
async function dbctl(by: Podman, ...args: readonly string[]): Promise<Report & { status: number | null }> {
  const ended = await runCli([...args, '--format', 'json'], { cwd: project, env: environment(by), timeoutMs: 120_000 });
  if (!ended.stdout.startsWith('{')) throw new Error(`no report: ${ended.stderr}`);
  return { ...(JSON.parse(ended.stdout) as Report), status: ended.status };
}
const names = (by: Podman) => by.run('ps', '--all', '--format', '{{.Names}}');

describe('client programs of a container', () => {
  it('are none without an image, which is not fetched', async (context) => {
    const by = podman(context);
    const { stdout, status } = await runCli(['tools', 'status'], { cwd: project, env: environment(by) });
    expect(status).toBe(1);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'podman answers and has no image postgres:18; dbctl fetches none: podman pull postgres:18',
    );
    expect((await dbctl(by, 'backup', 'create')).error?.message).toMatch(
      /^pg_dump(all)? for PostgreSQL 18 (is not there|is of version 1[0-7])/,
    );
  });

  it('are found in the image of the major, last of all, and only those that need no data folder', async (context) => {
    const by = podman(context);
    by.makeImage('postgres:18');
    const status = await dbctl(by, 'tools', 'status');
    const taken = (id: string) => status.items.find((one) => one.id === id);
    expect(taken('pg_dump')).toMatchObject({ status: 'pass', origin: 'container', path: 'podman postgres:18' });
    expect(taken('pg_verifybackup')).toMatchObject({ status: 'fail', origin: null });
    expect([status.status, status.summary]).toEqual([1, { major: 18, found: 6, missing: 4 }]);
    configure('  container_image: none\n');
    expect((await dbctl(by, 'tools', 'status')).summary).toMatchObject({ found: 0 });
    configure('  container_image: localhost/postgres:18\n');
    expect((await dbctl(by, 'tools', 'status')).items.find(({ id }) => id === 'psql')).toMatchObject({
      path: 'podman localhost/postgres:18',
    });
    configure('');
  }, 60_000);

  it('back up, restore over a socket and compare, into files of the caller, and leave no container', async (context) => {
    const by = podman(context);
    const created = await dbctl(by, 'backup', 'create');
    expect([created.error, created.status]).toEqual([null, 0]);
    const id = readdirSync(at('repository')).find((name) => !name.startsWith('.')) ?? '';
    expect(statSync(at('repository', id, 'dump', 'toc.dat')).uid).toBe(process.getuid?.());
    await onServer(server.url(), 'create database restored');
    const restored = await dbctl(by, 'restore', '--env', 'other', '--yes');
    expect([restored.error, restored.status]).toEqual([null, 0]);
    await onServer(server.url('restored'), `do $$ begin assert (select count(*) from t) = 5000; end $$`);
    const physical = await dbctl(by, 'backup', 'create', '--type', 'physical', '--engine', 'tools');
    // Without it the archives would be compressed, by dbctl.
    expect([physical.error, physical.status]).toEqual([null, 0]);
    expect(names(by)).toBe('');
    expect(readdirSync(at('tmp')).filter((name) => name.startsWith('dbctl-login-'))).toEqual([]);
  }, 120_000);

  it('write a dump for developers', async (context) => {
    const by = podman(context);
    configure('  masking: { columns: [{ column: public.t.note, as: hash }] }\n');
    const masked = await dbctl(by, 'backup', 'mask', at('masked'));
    configure('');
    expect([masked.error, masked.status]).toEqual([null, 0]);
    expect(existsSync(at('masked', 'load.sql'))).toBe(true);
  }, 60_000);

  it('show no secret, see their own folders only, and end with the command', async (context) => {
    const by = podman(context);
    const blocker = new pg.Client({ connectionString: server.url('lab') });
    await blocker.connect();
    try {
      await blocker.query('begin; lock table pg_catalog.pg_transform in access exclusive mode');
      const before = readdirSync(at('repository'));
      const child = spawn(process.execPath, [program, 'backup', 'create'], {
        cwd: project,
        env: environment(by),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
      // Not those that say their version, which come and go.
      const atWork = () =>
        by
          .run('ps', '--no-trunc', '--format', '{{.Names}} {{.Command}}')
          .split('\n')
          .filter((line) => line.startsWith('dbctl-pg-dump-') && line.includes('--format=directory'))
          .map((line) => line.split(' ')[0] ?? '');
      await until('pg_dump waits for a catalog that it alone reads', async () => atWork().length === 1, 60);
      const said = by.run('inspect', atWork()[0] ?? '');
      expect(said).toContain('PGPASSFILE=');
      expect(said).not.toContain(SECRET);
      const mounts = (JSON.parse(said) as { Mounts: { Source: string }[] }[])[0]?.Mounts.map(({ Source }) => Source) ?? [];
      expect(mounts.toSorted()).toEqual([
        expect.stringContaining('/.partial-'),
        expect.stringMatching(/\/dbctl-login-.*\/pgpass$/),
      ]);
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      expect(names(by)).toBe('');
      expect(readdirSync(at('repository'))).toEqual(before);
    } finally {
      await blocker.end();
    }
  }, 90_000);

  it('run as a user the image does not know', async (context) => {
    const by = podman(context);
    const answer = await findImage({ image: null, variables: by.variables }, 18);
    if (answer.kind !== 'found') throw new Error(answer.kind);
    const args = ['--no-psqlrc', '--command', 'select 41 + 1'];
    const { hostname, port } = new URL(server.url());
    const variables = { PGHOST: hostname, PGPORT: port, PGUSER: 'backup', PGDATABASE: 'lab', PGPASSFILE: at('pgpass') };
    writeFileSync(at('pgpass'), `*:*:*:*:${SECRET}\n`, { mode: 0o644 });
    await runProgram({ file: 'chmod', args: ['0755', project] });
    const user = { uid: 4711, gid: 4711 };
    const run = { program: 'psql', args, variables, paths: [], name: 'dbctl-psql-unknown', user, reads: false } as const;
    const ended = await runProgram({ file: 'podman', args: containerCommand(answer.image, run), variables: by.variables });
    // Nobody else may read a password: libpq says so and leaves the file alone.
    expect(ended.stderr).toContain('has group or world access');
  }, 60_000);
});
