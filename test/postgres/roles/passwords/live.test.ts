import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../../src/runtime/connection/connect.ts';
import { resolveConnection } from '../../../../src/runtime/connection/resolve.ts';
import { silentProgress } from '../../../../src/core/progress.ts';
import { withSession } from '../../../../src/db/session.ts';
import { rotate } from '../../../../src/ops/roles/password/rotate.ts';
import { onServer } from '../../../support/connection.ts';
import { startServer, type TestServer } from '../../../support/server.ts';

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startServer();
  folder = await mkdtemp(join(tmpdir(), 'dbctl-live-'));
  await onServer(
    server.url(),
    'create table work (id bigint generated always as identity primary key, app text not null)',
    'create role web_app',
    'grant insert, select on work to web_app',
    'create role web_app_1 login in role web_app',
    'create role web_app_2 login in role web_app',
  );
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await server.stop();
});

/** An app: sessions that work without a pause, and that come and go, with the secret it read when it started. */
class App {
  readonly failures: string[] = [];
  readonly users = new Set<string>();
  done = 0;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  async start(secretFile: string): Promise<void> {
    const text = (await readFile(secretFile, 'utf8')).trimEnd();
    const target = await resolveConnection({ text, source: secretFile, variables: {}, home: folder, osUser: 'app' });
    this.#stopped = false;
    this.#running = Promise.all(
      Array.from({ length: 4 }, () => this.#work(() => connect(target, { applicationName: this.name }))),
    );
  }

  /** As a deployment does it: what is running ends, and then it is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #work(open: () => Promise<pg.Client>): Promise<void> {
    while (!this.#stopped) {
      try {
        const client = await open();
        // A pool closes connections now and then: the next one logs in anew, with what the app knows.
        for (let turn = 0; turn < 20 && !this.#stopped; turn += 1) {
          const { rows } = await client.query<{ who: string }>(
            'insert into work (app) values ($1) returning session_user as who',
            [this.name],
          );
          this.users.add(rows[0]?.who ?? '');
          this.done += 1;
        }
        await client.end();
      } catch (thrown) {
        this.failures.push((thrown as Error).message);
      }
    }
  }
}

async function turn(path: string): Promise<string> {
  const rotated = await withSession(server.target(), { access: 'write' }, (session) =>
    rotate(session, {
      role: 'web_app',
      logins: ['web_app_1', 'web_app_2'],
      wish: { login: undefined, evenInUse: false },
      receiver: { kind: 'file', path },
      form: 'url',
      target: server.target(),
      operator: { operator: 'tests', commit: null, ciJob: null, toolVersion: 'test' },
      progress: silentProgress,
      signal: new AbortController().signal,
    }),
  );
  expect(rotated.proof).toEqual({ verdict: 'works' });
  return rotated.login;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('both logins of a role are rotated while two apps work, and no query and no login of theirs fails', async () => {
  const secret = (name: string): string => join(folder, name);
  const first = await turn(secret('0'));
  const apps = [new App('one'), new App('two')];
  for (const app of apps) await app.start(secret('0'));
  await pause(300);

  const rotated: string[] = [];
  for (const round of ['1', '2']) {
    rotated.push(await turn(secret(round)));
    // Those that were not restarted yet go on with the old login, beside those that were.
    for (const app of apps) {
      await pause(300);
      await app.stop();
      await app.start(secret(round));
    }
    await pause(300);
  }
  for (const app of apps) await app.stop();

  expect(apps.map(({ failures }) => failures)).toEqual([[], []]);
  expect(new Set([first, ...rotated])).toEqual(new Set(['web_app_1', 'web_app_2']));
  expect(rotated[0]).not.toBe(rotated[1]);
  for (const { users, done } of apps) {
    expect(users).toEqual(new Set(['web_app_1', 'web_app_2']));
    expect(done).toBeGreaterThan(100);
  }
  const [row] = await withSession(server.target(), { access: 'read' }, (session) =>
    session.rows<{ rows: number }>('select count(*)::int as rows from public.work'),
  );
  expect(row?.rows).toBe(apps.reduce((sum, { done }) => sum + done, 0));
}, 60_000);

test('the workload does notice a login that is changed under it', async () => {
  await onServer(server.url(), `alter role web_app_1 password 'known'`);
  await writeFile(join(folder, 'known'), `postgresql://web_app_1:known@127.0.0.1:${server.port}/postgres\n`);
  const app = new App('three');
  await app.start(join(folder, 'known'));
  await pause(200);
  await onServer(server.url(), `alter role web_app_1 password 'changed'`);
  await pause(500);
  await app.stop();
  expect(app.done).toBeGreaterThan(0);
  expect(app.failures[0]).toContain('password authentication failed for user "web_app_1"');
}, 60_000);
