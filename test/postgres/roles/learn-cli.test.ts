import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli, type CliEnd } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';

let server: TestServer;
let project: string;
beforeAll(async () => {
  server = await startServer({
    auth: 'trust',
    settings: { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' },
  });
  project = await mkdtemp(join(tmpdir(), 'dbctl-learn-'));
  await writeFile(
    join(project, 'dbctl.yaml'),
    'version: 1\nproject: learn\nenvironments: { dev: { url: { variable: DATABASE_URL } } }\n',
  );
  await writeFile(
    join(project, 'roles.yaml'),
    `version: 1
owner: app_owner
schemas: [app]
roles:
  app_owner: { purpose: owns the schema app }
  shop:
    purpose: the app of this test
    login: true
    grants:
      - { on: [app.orders], privileges: [select, delete] }
`,
  );
  await onServer(
    server.url(),
    `create schema app; create table app.orders (id int, note text); create extension pg_stat_statements;
     create role app_owner; create role shop login; grant usage on schema app to shop;
     grant select, insert, delete on app.orders to shop; alter role shop connection limit 5;
     create role watcher login`,
  );
  const client = new pg.Client({ connectionString: server.url().replace(/\/\/[^@]*@/, '//shop@') });
  await client.connect();
  await client.query('select note from app.orders where id = 4711');
  await client.query('insert into app.orders (id) values (1)');
  await client.end();
});
afterAll(async () => {
  await server.stop();
  await rm(project, { recursive: true, force: true });
});

const dbctl = (args: readonly string[], user?: string): Promise<CliEnd> => {
  const url = new URL(server.url());
  if (user !== undefined) url.username = user;
  return runCli(['roles', ...args], { cwd: project, env: { DATABASE_URL: url.href } });
};

interface Shown {
  readonly ok: boolean;
  readonly exitCode: number;
  readonly summary: Record<string, unknown>;
  readonly items: { readonly id: string; readonly object: string; readonly status: string; readonly message: string }[];
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

async function json(args: readonly string[], user?: string): Promise<Shown> {
  return JSON.parse((await dbctl([...args, '--format', 'json'], user)).stdout) as Shown;
}

describe('dbctl roles explain', () => {
  test('answers with its exit status, of one privilege', async () => {
    expect((await dbctl(['explain', 'shop', 'app.orders', '--privilege', 'select'])).status).toBe(0);
    expect((await dbctl(['explain', 'shop', 'app.orders', '--privilege', 'update'])).status).toBe(1);
    expect((await dbctl(['explain', 'shop', 'app.orders'])).status).toBe(0);
  });

  test('is one item a privilege, and needs no more than a login', async () => {
    const { items, ok, summary } = await json(['explain', 'shop', 'app.orders'], 'watcher');
    expect({ ok, can: summary['can'] }).toEqual({ ok: true, can: ['INSERT', 'SELECT', 'DELETE'] });
    expect(items.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'insert pass',
      'select pass',
      'update skipped',
      'delete pass',
      'truncate skipped',
      'references skipped',
      'trigger skipped',
      'maintain skipped',
    ]);
    expect(items[0]?.message).toBe('postgres granted it to shop; roles.yaml does not say so: dbctl roles plan');
    expect(items[1]?.message).toBe('postgres granted it to shop; roles.yaml:10 says so for shop');
  });

  test.each([
    [['explain', 'shop', '--privilege', 'select'], 'usage', '--privilege needs an object'],
    [['explain', 'nobody'], 'usage', 'there is no role nobody on this server'],
    [['explain', 'public'], 'usage', 'PUBLIC is no role by itself: every role is a member of it'],
    [['explain', 'shop', 'app.order'], 'usage', 'there is no app.order in this database'],
  ])('%j is refused', async (args, code, message) => {
    expect((await json(args)).error).toMatchObject({ code, message });
  });

  test('says without an object what the role is', async () => {
    const { status, stdout } = await dbctl(['explain', 'shop']);
    expect(status).toBe(0);
    expect(stdout).toContain('app, tables: INSERT, SELECT, DELETE');
    expect(stdout).toContain('5 connections at once');
  });
});

describe('dbctl roles suggest', () => {
  test('compares what was used with the file, tries it, and records it', async () => {
    const { ok, items, summary } = await json(['suggest', 'shop', '--check', '--record', 'shop.jsonl']);
    expect(ok).toBe(false);
    expect(items.filter(({ id }) => id !== 'used').map(({ id, object, status }) => `${status} ${id} ${object}`)).toEqual([
      'unknown window-short shop',
      'fail used-not-in-file shop: INSERT (id) on app.orders',
      'unknown granted-never-used shop: delete on table app.orders',
    ]);
    expect(summary['check']).toEqual({ accepted: 2, denied: 0, notCheckable: 0 });
    expect((await stat(join(project, 'shop.jsonl'))).mode & 0o777).toBe(0o600);
    const text = await readFile(join(project, 'shop.jsonl'), 'utf8');
    expect(text).toContain('where id = $1');
    expect(text).not.toContain('4711');
  });

  test('prints the part of roles.yaml alone', async () => {
    const { status, stdout } = await dbctl(['suggest', 'shop', '--merge', 'shop.jsonl', '--yaml']);
    expect(status).toBe(1);
    expect(stdout).toBe('  shop:\n    grants:\n      - { on: [app.orders], privileges: [select], insert: [id] }\n');
  });

  test('says what it cannot see, and whose file it is', async () => {
    expect((await json(['suggest', 'shop'], 'watcher')).error).toMatchObject({
      code: 'db.denied',
      message: 'watcher may not read the statements of shop',
      hint: 'grant pg_read_all_stats to "watcher"',
    });
    expect((await json(['suggest', 'app_owner', '--merge', 'shop.jsonl'])).error).toMatchObject({
      code: 'config.invalid',
      message: 'shop.jsonl has what shop ran, and not app_owner',
    });
    expect((await json(['suggest', 'shop', '--merge', 'none.jsonl'])).error?.message).toMatch(
      /^cannot read .*none\.jsonl: no such file$/,
    );
  });

  test('without the extension it says how to have it', async () => {
    await onServer(server.url(), 'drop extension pg_stat_statements');
    expect((await json(['suggest', 'shop'])).error).toMatchObject({
      code: 'refused',
      message: 'the extension pg_stat_statements is not in this database',
    });
    await onServer(server.url(), 'create extension pg_stat_statements');
  });
});
