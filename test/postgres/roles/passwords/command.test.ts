import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../../src/db/session.ts';
import { tryLogin } from '../../../../src/ops/roles/password/prove-login.ts';
import { programReport } from '../../../support/cli-report.ts';
import { onServer } from '../../../support/connection.ts';
import { startServer, type TestServer } from '../../../support/server.ts';
import { makeProject, ROLES, type Project } from './support/project.ts';

let server: TestServer;
let project: Project;

/** Everything a server can be told to write down, it writes down. */
const TALKATIVE = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  log_statement: 'all',
  log_min_duration_statement: '0',
  log_connections: 'on',
};

beforeAll(async () => {
  // Processes of other tests carry the password that copied clusters share.
  server = await startServer({ settings: TALKATIVE, ownPassword: true });
  project = await makeProject();
  await project.write('admin.url', server.url('shop'));
  // Keeps what it was given, and all that every process of the machine was started with.
  const take = await project.write(
    'take.sh',
    '#!/bin/sh\ncat > "$1"\nchmod 600 "$1"\ncat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" > "$2"\n',
    0o700,
  );
  const failing = await project.write('fail.sh', '#!/bin/sh\ncat >&2\nexit 3\n', 0o700);
  const environments = 'environments:\n  prod: { url: { file: admin.url }, tls: disable, protected: true }\n';
  const common = `version: 1\nproject: shop\n${environments}postgres: { extensions: { required: [pg_stat_statements] } }\n`;
  await project.write(
    'dbctl.yaml',
    `${common}roles: { hand_over: [${take}, ${project.path('taken')}, ${project.path('seen')}] }\n`,
  );
  await project.write('failing.yaml', `${common}roles: { hand_over: [${failing}] }\n`);
  await project.write('roles.yaml', ROLES);
  expect(await project.report('db create --env prod --yes')).toMatchObject({ status: 0 });
  // The records of runs come with the first migration.
  await mkdir(project.path('migrations'));
  await project.write('migrations/001.do.shop.sql', 'create schema shop;\n');
  expect(await project.report('migrate up --env prod --yes')).toMatchObject({ status: 0 });
  // What initdb was told is there as well.
  await onServer(server.url('shop'), 'select extensions.pg_stat_statements_reset()');
}, 120_000);
afterAll(async () => {
  await project.remove();
  await server.stop();
});

const login = async (user: string, password: string): Promise<string> =>
  (await tryLogin(server.target('shop'), user, password, new AbortController().signal)).verdict;

async function statements(): Promise<string> {
  return withSession(server.target('shop'), { access: 'read' }, async (session) => {
    const rows = await session.rows<{ query: string }>('select s.query from extensions.pg_stat_statements s');
    return rows.map(({ query }) => query).join('\n');
  });
}

/** What all of them that could have heard of it have kept. */
async function traces(report: { stdout: string; stderr: string }): Promise<Record<string, string>> {
  const seen = await readFile(project.path('seen'), 'utf8').catch(() => '');
  return {
    stdout: report.stdout,
    stderr: report.stderr,
    processes: seen,
    log: await readFile(server.log, 'utf8'),
    statements: await statements(),
  };
}

describe('a secret', () => {
  test('is with whom it was given to and nowhere else, when a command takes it', async () => {
    const words = 'roles passwords rotate web_app --env prod --to-command --yes --log-level debug'.split(' ');
    const report = await programReport(words, { cwd: project.folder });
    expect(report).toMatchObject({ status: 0, summary: { role: 'web_app', login: 'web_app_1', proof: 'works' } });
    const secret = (await readFile(project.path('taken'), 'utf8')).trimEnd();
    expect(secret).toMatch(/^[\w-]{32}$/);
    expect(await login('web_app_1', secret)).toBe('works');
    const kept = await traces(report);
    // They did hear of the rotation: a trace that is empty proves nothing.
    expect(kept['processes']).toContain('DBCTL_LOGIN=web_app_1');
    expect(kept['processes']).toContain('roles\npasswords\nrotate\nweb_app');
    expect(kept['log']).toContain('alter role "web_app_1" password \'SCRAM-SHA-256$4096:');
    expect(kept['statements']).toContain('alter role "web_app_1"');
    expect(kept['stderr']).toContain('hand the secret over');
    for (const [place, text] of Object.entries(kept)) {
      expect(text.includes(secret), place).toBe(false);
      expect(text.includes(server.password), `${place}, the password of the caller`).toBe(false);
    }
  });

  test('is in the file alone, as a URL', async () => {
    const report = await project.report(
      'roles passwords rotate web_app --env prod --to-file next --as url --yes --log-level debug --log-format json',
    );
    expect(report).toMatchObject({ status: 0, summary: { login: 'web_app_2' } });
    const url = (await readFile(project.path('next'), 'utf8')).trimEnd();
    expect((await stat(project.path('next'))).mode & 0o777).toBe(0o600);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.end();
    const { password } = new URL(url);
    for (const [place, text] of Object.entries(await traces(report))) expect(text.includes(password), place).toBe(false);
    expect(await readdir(project.folder)).not.toContain('next.web_app.unpublished');
  });

  test('that a command refuses is not in what is said of it, though the command says it', async () => {
    const stored = await verifiers();
    const report = await project.report('roles passwords rotate web_app --env prod --to-command --yes --config failing.yaml');
    expect(report).toMatchObject({
      status: 5,
      error: {
        code: 'refused',
        message: `${project.path('fail.sh')} ended with 3, and the password was not changed`,
      },
    });
    expect(report.stdout + report.stderr).not.toMatch(/\b[\w-]{32}\b/);
    expect(await verifiers()).toEqual(stored);
  });
});

test('every change is recorded, with who and for whom, and without a secret', async () => {
  const runs = await withSession(server.target('shop'), { access: 'read' }, (session) =>
    session.rows<{ command: string; summary: unknown }>(
      `select r.command, r.outcome, r.summary from dbctl.run r where r.command like 'roles passwords%' order by r.started_at`,
    ),
  );
  const command = 'roles passwords rotate';
  expect(runs).toEqual([
    { command, outcome: 'done', summary: { role: 'web_app', login: 'web_app_1', to: 'command' } },
    { command, outcome: 'done', summary: { role: 'web_app', login: 'web_app_2', to: 'file' } },
  ]);
});

test('a command that is not there is said', async () => {
  const config = await readFile(project.path('failing.yaml'), 'utf8');
  await project.write('absent.yaml', config.replace('fail.sh', 'absent.sh'));
  const { status, error } = await project.report(
    'roles passwords rotate web_app --env prod --to-command --yes --config absent.yaml',
  );
  expect(status).toBe(5);
  expect(error?.message).toBe(`${project.path('absent.sh')} cannot be run: ENOENT, and the password was not changed`);
});

async function verifiers(): Promise<unknown> {
  return withSession(server.target('shop'), { access: 'read' }, (session) =>
    session.rows('select a.rolname, a.rolpassword from pg_catalog.pg_authid a where a.rolcanlogin order by 1'),
  );
}

describe('roles passwords rotate', () => {
  test.each([
    ['rotate web_app --yes', 2, 'say where the new secret goes: --to-file PATH or --to-command, one of them'],
    ['rotate web_app --to-file a --to-command', 2, 'say where the new secret goes: --to-file PATH or --to-command, one of them'],
    ['rotate shop_owner --to-file a --yes', 2, 'shop_owner is no role of roles.yaml that logs in'],
    ['rotate web_app --to-file a --login reader --yes', 2, 'reader is no login of web_app'],
    ['rotate web_app --to-file a', 5, 'nobody is at the terminal to answer'],
    ['rotate web_app --to-file no/such/a --yes', 2, 'no/such/a cannot be written: ENOENT'],
  ])('%s: exit %i, %s', async (words, status, message) => {
    const report = await project.report(`roles passwords ${words} --env prod`);
    expect(report.status).toBe(status);
    expect(report.error?.message).toContain(message);
  });

  test('with --dry-run says which login it would be, and changes nothing', async () => {
    const stored = await verifiers();
    const report = await project.report('roles passwords rotate web_app --env prod --to-file planned --dry-run');
    expect(report).toMatchObject({ status: 0, items: [{ object: 'web_app_1', state: 'planned' }] });
    expect(await verifiers()).toEqual(stored);
    expect(await readdir(project.folder)).not.toContain('planned');
  });
});

describe('roles passwords status', () => {
  test('tells kind, use and what is wrong', async () => {
    await onServer(
      server.url(),
      'create role old login',
      `set md5_password_warnings = off; update pg_catalog.pg_authid set rolpassword = 'md5d41d8cd98f00b204e9800998ecf8427e' where rolname = 'old'`,
      `create role over login valid until '2020-01-01'`,
    );
    const password = (await readFile(project.path('taken'), 'utf8')).trimEnd();
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'web_app_1', password, database: 'shop' });
    await client.connect();
    const { status, items } = await project.report('roles passwords status --env prod');
    await client.end();
    expect(status).toBe(1);
    const shown = items.map(({ object, kind, sessions, use, status: one }) => [object, kind, sessions, use, one]);
    expect(shown).toEqual([
      ['old', 'md5', 0, 'not in roles.yaml', 'fail'],
      ['over', 'none', 0, 'not in roles.yaml', 'fail'],
      ['postgres', 'scram 4096', 0, 'not in roles.yaml', 'pass'],
      ['reader', 'none', 0, 'not in use', 'pass'],
      ['web_app_1', 'scram 4096', 1, 'in use', 'pass'],
      ['web_app_2', 'scram 4096', 0, 'free to rotate', 'pass'],
    ]);
    await onServer(server.url(), 'drop role old', 'drop role over');
  });

  test('says what it may not see, and the grant that would show it', async () => {
    await onServer(
      server.url(),
      `create role looker login password 'looker password'`,
      'grant connect on database shop to looker',
    );
    await project.write('looker.url', `postgresql://looker:looker%20password@127.0.0.1:${server.port}/shop`);
    await project.write(
      'looker.yaml',
      'version: 1\nproject: shop\nenvironments:\n  prod: { url: { file: looker.url }, tls: disable }\n',
    );
    const before = await project.report('roles passwords status --env prod --config looker.yaml');
    const [first] = before.items;
    expect(before.items.every(({ kind, status }) => kind === 'unknown' && status === 'unknown')).toBe(true);
    const grant = 'grant select (oid, rolpassword) on pg_catalog.pg_authid to "looker";';
    expect(first?.fix).toBe(`${grant} -- shows verifiers, from which weak passwords can be guessed`);
    await onServer(server.url('shop'), first?.fix ?? '');
    const after = await project.report('roles passwords status --env prod --config looker.yaml');
    expect(after.items.find(({ object }) => object === 'web_app_2')).toMatchObject({ kind: 'scram 4096' });
    await onServer(server.url('shop'), 'drop owned by looker', 'drop role looker');
  });
});

describe('roles passwords set', () => {
  const set = (password: string, more = '') =>
    project.report(`roles passwords set --env prod --yes${more}`, { READER_PASSWORD: password });

  test('sets what differs, leaves alone what is the same, and needs no word of it', async () => {
    const password = 'Grüße an 🐘 und ﬁnance';
    expect(await project.report('roles passwords set --env prod --yes')).toMatchObject({
      status: 2,
      error: { message: 'the password of reader is missing: variable READER_PASSWORD is not set' },
    });
    expect(await set('first password', ' --dry-run')).toMatchObject({ status: 1, items: [{ object: 'reader', status: 'fail' }] });
    expect(await set('first password')).toMatchObject({ status: 0, summary: { set: 1 } });
    const stored = await verifiers();
    expect(await set('first password')).toMatchObject({ status: 0, summary: { set: 0 }, items: [{ message: 'has it already' }] });
    expect(await verifiers()).toEqual(stored);
    expect(await login('reader', 'first password')).toBe('works');
    expect(await set(password)).toMatchObject({ status: 0, summary: { set: 1 } });
    expect(await login('reader', 'first password')).toBe('refused');
    expect(await readFile(server.log, 'utf8')).not.toContain('first password');
  });
});
