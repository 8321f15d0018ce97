import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli, type CliEnd } from '../../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { startServer, withServer, type TestServer } from '../../support/server.ts';

let project: string;
let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'dbctl-bad-'));
  await mkdir(join(project, 'migrations'));
  await writeFile(
    join(project, 'dbctl.yaml'),
    'version: 1\nproject: bad\nenvironments:\n  dev: { url: { variable: DATABASE_URL } }\n',
  );
});
afterEach(() => rm(project, { recursive: true, force: true }));

const migration = (name: string, sql: string) => writeFile(join(project, 'migrations', name), sql);
const dbctl = (args: readonly string[], url = database.url) => runCli(args, { cwd: project, env: { DATABASE_URL: url } });

async function reportOf(args: readonly string[], url?: string): Promise<Report & { status: number | null }> {
  const { status, stdout } = await dbctl([...args, '--format', 'json'], url);
  return { ...(JSON.parse(stdout) as Report), status };
}

describe('a command line', () => {
  it.each<[readonly string[], string, string]>([
    [['migrat'], "unknown command 'migrat'", 'Did you mean dbctl migrate?'],
    [['migrate', 'upp'], "unknown command 'upp'", 'Did you mean dbctl migrate up?'],
    [['migrate'], 'migrate needs a command', 'Run dbctl migrate --help.'],
    [['migrate', 'up', '--too', '3'], "unknown option '--too'", 'Run dbctl migrate up --help.'],
    [['migrate', 'up', '--to'], "option '--to <version>' argument missing", 'Run dbctl migrate up --help.'],
    [
      ['migrate', 'up', '--to', 'abc'],
      "option '--to <version>' argument 'abc' is invalid. a version is a whole number above 0, not abc",
      'Run dbctl migrate up --help.',
    ],
    [['migrate', 'up', 'now'], "too many arguments for 'up'. Expected 0 arguments but got 1", 'Run dbctl migrate up --help.'],
    [['migrate', 'new'], "missing required argument 'slug'", 'Run dbctl migrate new --help.'],
    [
      ['migrate', 'status', '--out', 'sarif'],
      '--out takes format=path, not sarif',
      'Formats are human, json, ndjson, junit, sarif, github, tap, markdown, prometheus: for example --out sarif=verify.sarif.',
    ],
    [
      ['migrate', 'status', '--out', 'pdf=a.pdf'],
      '--out takes format=path, not pdf=a.pdf',
      'Formats are human, json, ndjson, junit, sarif, github, tap, markdown, prometheus: for example --out sarif=verify.sarif.',
    ],
  ])('%j is a usage error', async (args, message, hint) => {
    const report = await reportOf(args);
    expect(report.error).toMatchObject({ code: 'usage', message, hint });
    expect(report).toMatchObject({ status: 2, exitCode: 2, ok: false });
  });

  it('without words shows the help', async () => {
    const { status, stdout } = await dbctl([]);
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: dbctl [options] [command]');
  });

  it('names an environment that is not there', async () => {
    const report = await reportOf(['migrate', 'status', '--env', 'prd']);
    expect(report.status).toBe(2);
    expect(report.error?.code).toBe('config.invalid');
  });
});

describe('a server', () => {
  const cases: readonly (readonly [
    name: string,
    url: () => string,
    expected: { status: number; code: string; message: RegExp },
  ])[] = [
    [
      'nobody listens',
      () => database.url.replace(/:\d+\//, ':1/'),
      { status: 3, code: 'db.unreachable', message: /connection refused/ },
    ],
    [
      'no such host',
      () => 'postgresql://a@no-such-host.invalid/d',
      { status: 3, code: 'db.unreachable', message: /no-such-host\.invalid/ },
    ],
    [
      'a wrong password',
      () => database.url.replace(/:[^:@]+@/, ':wrong@'),
      { status: 3, code: 'db.denied', message: /password/ },
    ],
    [
      'a database that is not there',
      () => database.url.replace(/[^/]+$/, 'no_such_database'),
      { status: 3, code: 'db.denied', message: /no_such_database/ },
    ],
    ['a scheme that is not PostgreSQL', () => 'mysql://a@h/d', { status: 2, code: 'config.invalid', message: /mysql/ }],
  ];
  it.each(cases)('%s', async (_name, url, expected) => {
    await migration('001.do.a.sql', 'create table a ();');
    const report = await reportOf(['migrate', 'up'], url());
    expect(report.status).toBe(expected.status);
    expect(report.error?.code).toBe(expected.code);
    expect(report.error?.message).toMatch(expected.message);
    expect(report.error?.hint).toMatch(/^[A-Z].*[.?]$/s);
  });

  it('of another major version is refused before anything is made in it', async () => {
    await withServer({ major: 17 }, async (server) => {
      await migration('001.do.a.sql', 'create table a ();');
      const report = await reportOf(['migrate', 'up'], server.url());
      expect(report.error).toMatchObject({
        code: 'db.version',
        message: 'the server is PostgreSQL 17.10, and this project is pinned to 18.2',
      });
      expect(report.status).toBe(3);
    });
  });

  it('that is a standby takes no migration, and says which server does', async () => {
    const primary = await startServer();
    let standby: TestServer | undefined;
    try {
      await primary.halt();
      standby = await startServer({
        prepare: async (files) => {
          const own = ['postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf'];
          await cp(primary.data, files.data, {
            recursive: true,
            force: true,
            preserveTimestamps: true,
            filter: (path) => !own.some((name) => path.endsWith(name)),
          });
          await files.give(join(files.data, 'standby.signal'), '');
          if (files.account !== undefined) execFileSync('chown', ['-R', `${files.account.uid}:${files.account.gid}`, files.data]);
        },
      });
      await migration('001.do.a.sql', 'create table a ();');
      const url = standby.url().replace(/:[^:@]+@/, `:${primary.password}@`);
      const report = await reportOf(['migrate', 'up'], url);
      expect(report.error).toMatchObject({ code: 'db.read-only', sqlstate: '25006' });
      expect(report.error?.hint).toContain('target_session_attrs=read-write');
      expect(report.status).toBe(3);
      expect((await reportOf(['migrate', 'status'], url)).summary).toMatchObject({ pending: 1 });
    } finally {
      await standby?.stop();
      await primary.stop();
    }
  });
});

describe('a disk', () => {
  // A small file system of its own needs the right to mount one; elsewhere the case cannot be made.
  const size = 64;
  const mounted = (() => {
    try {
      const folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m,mode=0711`, 'tmpfs', folder], { stdio: 'ignore' });
      return folder;
    } catch {
      return undefined;
    }
  })();
  afterAll(() => {
    if (mounted !== undefined) execFileSync('umount', [mounted]);
  });

  it.skipIf(mounted === undefined)('that is full leaves nothing half-done', async () => {
    await withServer({}, async (server) => {
      if (server.account !== undefined) execFileSync('chown', [`${server.account.uid}:${server.account.gid}`, mounted as string]);
      const url = server.url();
      await migration('001.do.a.sql', `create table a (id int);`);
      expect((await reportOf(['migrate', 'up'], url)).status).toBe(0);
      const pg = await import('pg');
      const client = new pg.default.Client({ connectionString: url });
      await client.connect();
      await client.query(`create tablespace small location '${mounted}'`);
      await migration(
        '002.do.b.sql',
        `create table b (id int); create table big (t text) tablespace small;\ninsert into big select repeat(md5(g::text), 60) from generate_series(1, 60000) g;`,
      );
      const report = await reportOf(['migrate', 'up'], url);
      expect(report.error).toMatchObject({ code: 'db.resources', sqlstate: '53100' });
      expect(report.error?.hint).toBe(
        'The disk of the server is full: free space or grow the volume, then run the command again.',
      );
      expect(report.status).toBe(4);
      expect((await client.query(`select to_regclass('b') as b, to_regclass('big') as big`)).rows).toEqual([
        { b: null, big: null },
      ]);
      expect((await reportOf(['migrate', 'status'], url)).summary).toMatchObject({ applied: 1, pending: 1 });
      await client.query('drop tablespace small');
      await client.end();
    });
  });
});

describe('stdout and stderr', () => {
  it('an error in human format goes to stderr, and stdout stays empty', async () => {
    const { status, stdout, stderr } = await dbctl(['migrate', 'up']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('the migrations folder holds no migration');
  });

  it('--out writes several formats at once, whole', async () => {
    await migration('001.do.a.sql', 'create table a ();');
    const end: CliEnd = await dbctl([
      'migrate',
      'status',
      '--out',
      'json=out/r.json',
      '--out',
      'junit=out/r.xml',
      '--out',
      'sarif=out/r.sarif',
    ]);
    expect(end.status).toBe(1);
    const { readFile, readdir } = await import('node:fs/promises');
    expect((await readdir(join(project, 'out'))).sort()).toEqual(['r.json', 'r.sarif', 'r.xml']);
    expect(JSON.parse(await readFile(join(project, 'out', 'r.json'), 'utf8'))).toMatchObject({
      schema: 'dbctl.report/1',
      command: 'migrate status',
    });
    expect(await readFile(join(project, 'out', 'r.xml'), 'utf8')).toMatch(/^<\?xml/);
  });

  it('--out into a file that cannot be written says so', async () => {
    await migration('001.do.a.sql', 'select 1;');
    const { status, stderr } = await dbctl(['migrate', 'status', '--out', 'json=dbctl.yaml/x.json']);
    expect(status).not.toBe(0);
    expect(stderr).toContain(
      'error: cannot write dbctl.yaml/x.json: a part of its path is not a folder\nhint: Name another file: --out json=FILE.\n',
    );
  });

  it('Ctrl-C rolls back and ends with 130', async () => {
    await migration('001.do.a.sql', 'create table interrupted (); select pg_sleep(30);');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 2_500);
    const { status, stderr } = await runCli(['migrate', 'up'], {
      cwd: project,
      env: { DATABASE_URL: database.url },
      signal: stop.signal,
    });
    expect(status).toBe(130);
    expect(stderr).toContain('stopped by a signal');
    expect((await reportOf(['migrate', 'status'])).summary).toMatchObject({ pending: 1 });
  });
});
