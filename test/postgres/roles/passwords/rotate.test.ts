import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentProgress } from '../../../../src/core/progress.ts';
import { withSession } from '../../../../src/db/session.ts';
import { changePassword } from '../../../../src/ops/roles/password/change-password.ts';
import { tryLogin } from '../../../../src/ops/roles/password/prove-login.ts';
import { rotate, type Rotated, type Rotation } from '../../../../src/ops/roles/password/rotate.ts';
import { onServer } from '../../../support/connection.ts';
import { startServer, type TestServer } from '../../../support/server.ts';

const LOGINS = ['web_app_1', 'web_app_2'];
const OLD = { web_app_1: 'first password', web_app_2: 'second password' } as const;

let server: TestServer;
let folder: string;
const open: pg.Client[] = [];
beforeAll(async () => {
  server = await startServer();
  await onServer(
    server.url(),
    'create role web_app',
    ...LOGINS.map((login) => `create role ${login} login in role web_app`),
    'create role alone login',
  );
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dbctl-rotate-'));
  await withSession(server.target(), { access: 'write' }, async (session) => {
    for (const [login, password] of Object.entries(OLD)) await changePassword(session, login, password);
    await changePassword(session, 'alone', 'only password');
    await session.script('alter role web_app_2 valid until $$infinity$$');
  });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.end()));
  await rm(folder, { recursive: true });
});

/** A session that an app keeps open. */
async function use(login: keyof typeof OLD | 'alone'): Promise<pg.Client> {
  const password = login === 'alone' ? 'only password' : OLD[login];
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: login, password, database: 'postgres' });
  await client.connect();
  open.push(client);
  return client;
}

const file = (): string => join(folder, 'secret');

function turn(more: Partial<Rotation> = {}): Promise<Rotated> {
  return withSession(server.target(), { access: 'write' }, (session) =>
    rotate(session, {
      role: 'web_app',
      logins: LOGINS,
      wish: { login: undefined, evenInUse: false },
      receiver: { kind: 'file', path: file() },
      form: 'password',
      target: server.target(),
      operator: { operator: 'tests', commit: null, ciJob: null, toolVersion: 'test' },
      progress: silentProgress,
      signal: new AbortController().signal,
      ...more,
    }),
  );
}

const login = (user: string, password: string) => tryLogin(server.target(), user, password, new AbortController().signal);
const letsIn = async (user: string, password: string): Promise<boolean> => (await login(user, password)).verdict === 'works';
const secretIn = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trimEnd();

describe('a rotation', () => {
  test('changes the login nobody uses; the new password works, the old one does not, the app goes on', async () => {
    const app = await use('web_app_1');
    const rotated = await turn();
    expect(rotated).toEqual({ login: 'web_app_2', sessions: 0, proof: { verdict: 'works' }, recorded: false, finished: false });
    const secret = await secretIn(file());
    // 32 characters of 6 bits each are 192 bits, and need no escape in a URL.
    expect(secret).toMatch(/^[\w-]{32}$/);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['secret']);
    expect(await letsIn('web_app_2', secret)).toBe(true);
    expect(await login('web_app_2', OLD.web_app_2)).toMatchObject({ verdict: 'refused' });
    expect((await app.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await letsIn('web_app_1', OLD.web_app_1)).toBe(true);
  });

  test('writes a URL that connects, when asked', async () => {
    await use('web_app_2');
    await turn({ form: 'url' });
    const url = await secretIn(file());
    expect(url).toMatch(/^postgresql:\/\/web_app_1:[\w-]{32}@127\.0\.0\.1:\d+\/postgres\?sslmode=disable$/);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    expect((await client.query('select session_user as who')).rows).toEqual([{ who: 'web_app_1' }]);
    await client.end();
  });

  test('overwrites no file, and then changes nothing', async () => {
    await writeFile(file(), 'another secret');
    await expect(turn()).rejects.toMatchObject({
      code: 'refused',
      message: `${file()} is there already, and secrets are not overwritten`,
    });
    expect(await readFile(file(), 'utf8')).toBe('another secret');
    for (const [user, password] of Object.entries(OLD)) expect(await letsIn(user, password)).toBe(true);
  });

  test('is not begun where the folder does not take the file', async () => {
    const path = join(folder, 'no', 'such', 'folder');
    await expect(turn({ receiver: { kind: 'file', path } })).rejects.toMatchObject({
      code: 'config.invalid',
      message: `${path} cannot be written: ENOENT`,
    });
    for (const [user, password] of Object.entries(OLD)) expect(await letsIn(user, password)).toBe(true);
  });

  test('is taken back when the command does not take the secret', async () => {
    const hand = (): Promise<void> => Promise.reject(new Error('the vault is sealed'));
    await expect(turn({ receiver: { kind: 'command', hand } })).rejects.toThrow('the vault is sealed');
    for (const [user, password] of Object.entries(OLD)) expect(await letsIn(user, password)).toBe(true);
  });

  test('of eight at once, one is done and seven are told so', async () => {
    await use('web_app_1');
    const receiver = (index: number): Rotation['receiver'] => ({ kind: 'file', path: join(folder, `secret-${index}`) });
    const ends = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => turn({ receiver: receiver(index) })));
    const done = ends.filter(({ status }) => status === 'fulfilled').length;
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'lock.held' });
    expect(done).toBeGreaterThanOrEqual(1);
    const files = await readdir(folder);
    expect(files).toHaveLength(done);
    const secrets = await Promise.all(files.map((name) => secretIn(join(folder, name))));
    const working = await Promise.all(secrets.map((secret) => letsIn('web_app_2', secret)));
    expect(working.filter(Boolean)).toHaveLength(1);
  });
});

describe('what is in use', () => {
  test('both logins: neither is changed', async () => {
    await use('web_app_1');
    await use('web_app_2');
    await use('web_app_2');
    await expect(turn()).rejects.toMatchObject({
      code: 'refused',
      message: 'web_app_1 is in use (sessions: web_app_1 1, web_app_2 2)',
    });
    for (const [user, password] of Object.entries(OLD)) expect(await letsIn(user, password)).toBe(true);
  });

  test('a login that was named is refused too, and changed with the flag: its sessions go on', async () => {
    const app = await use('web_app_1');
    const named = { login: 'web_app_1', evenInUse: false };
    await expect(turn({ wish: named })).rejects.toMatchObject({ code: 'refused' });
    expect(await turn({ wish: { ...named, evenInUse: true } })).toMatchObject({ login: 'web_app_1', sessions: 1 });
    expect((await app.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await login('web_app_1', OLD.web_app_1)).toMatchObject({ verdict: 'refused' });
  });

  test('the only login of a role needs the flag, used or not', async () => {
    const alone = { role: 'alone', logins: ['alone'] };
    await expect(turn(alone)).rejects.toMatchObject({
      code: 'refused',
      message: 'alone has one login, so that changing its password locks out whoever has the old one',
    });
    const app = await use('alone');
    await turn({ ...alone, wish: { login: undefined, evenInUse: true } });
    expect((await app.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await letsIn('alone', 'only password')).toBe(false);
    expect(await letsIn('alone', await secretIn(file()))).toBe(true);
  });

  test('a password that is over is not changed to one that would not work', async () => {
    await use('web_app_1');
    await onServer(server.url(), `alter role web_app_2 valid until '2020-01-01 00:00:00+00'`);
    await expect(turn()).rejects.toMatchObject({
      code: 'refused',
      message: 'the password of web_app_2 is good until 2020-01-01 00:00:00+00 only, which is over',
    });
  });

  test('a login that is not there is said', async () => {
    await expect(turn({ logins: ['web_app_1', 'web_app_3'] })).rejects.toMatchObject({
      message: 'web_app_3 of web_app is not on the server, or may not log in',
    });
    await expect(turn({ wish: { login: 'alone', evenInUse: true } })).rejects.toMatchObject({
      code: 'usage',
      message: 'alone is no login of web_app',
    });
  });
});

const PROCESS = fileURLToPath(new URL('support/rotate-process.ts', import.meta.url));

/** One rotation that is killed at a step; how it ended. */
function killedAt(killAt: string, command: boolean): Promise<NodeJS.Signals | null> {
  const request = { url: server.url(), path: file(), command, killAt };
  const child = spawn(process.execPath, ['--import', 'tsx', PROCESS], {
    cwd: fileURLToPath(new URL('../../../..', import.meta.url)),
    env: { PATH: process.env['PATH'], TEST_ROTATE: JSON.stringify(request) },
    stdio: 'ignore',
  });
  return new Promise((resolve) => child.once('exit', (_status, signal) => resolve(signal)));
}

/** The server has noticed that its client is gone: what was not committed is taken back, the lock is free. */
async function othersGone(): Promise<void> {
  await withSession(server.target(), { access: 'read' }, async (session) => {
    for (;;) {
      const [row] = await session.rows<{ others: number }>(
        `select count(*)::int as others from pg_catalog.pg_locks l where l.locktype = 'advisory'`,
      );
      if (row?.others === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
}

describe('killed at any step, with an app that uses the first login', () => {
  test.each([
    ['begin change the password'],
    ['end change the password'],
    ['begin write the secret'],
    ['end write the secret'],
    ['end hand the secret over'],
    ['begin prove the new password'],
    ['end prove the new password'],
    ['begin publish the secret'],
    ['end publish the secret'],
  ])('%s: the file holds what works or is not there, and the next run makes it', async (step) => {
    await use('web_app_1');
    expect(await killedAt(step, false)).toBe('SIGKILL');
    await othersGone();
    expect(await letsIn('web_app_1', OLD.web_app_1)).toBe(true);
    const isPublished = existsSync(file());
    expect(isPublished).toBe(step === 'end publish the secret');
    if (isPublished) return expect(await letsIn('web_app_2', await secretIn(file()))).toBe(true);
    const rotated = await turn();
    const isCommitted = /prove|begin publish/.test(step);
    expect(rotated).toMatchObject({ login: 'web_app_2', proof: { verdict: 'works' }, finished: isCommitted });
    expect(await letsIn('web_app_2', await secretIn(file()))).toBe(true);
    expect(await letsIn('web_app_1', OLD.web_app_1)).toBe(true);
    expect(await readdir(folder)).toEqual(['secret']);
  });

  test.each([
    ['begin change the password'],
    ['end change the password'],
    ['begin hand the secret over'],
    ['end hand the secret over'],
    ['begin prove the new password'],
    ['end prove the new password'],
  ])('to a command, %s: the app’s login works, and after the next run so does the newest secret', async (step) => {
    await use('web_app_1');
    expect(await killedAt(step, true)).toBe('SIGKILL');
    await othersGone();
    expect(await letsIn('web_app_1', OLD.web_app_1)).toBe(true);
    let newest = '';
    const hand = (_login: string, secret: string): Promise<void> => Promise.resolve(void (newest = secret));
    await turn({ receiver: { kind: 'command', hand } });
    expect(await letsIn('web_app_2', newest)).toBe(true);
    expect(await letsIn('web_app_1', OLD.web_app_1)).toBe(true);
  });

  test('what an earlier run left, and which works nowhere, is thrown away', async () => {
    await use('web_app_1');
    await writeFile(`${file()}.web_app.unpublished`, 'stale\n', { mode: 0o600 });
    expect(await turn()).toMatchObject({ finished: false });
    expect(await readdir(folder)).toEqual(['secret']);
    expect(await letsIn('web_app_2', await secretIn(file()))).toBe(true);
  });
});
