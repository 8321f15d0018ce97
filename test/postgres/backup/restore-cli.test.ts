import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli, type CliOptions } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** Restores of parts, as a person runs them. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-restore-cli-'));

const dbctl = (args: readonly string[], options: CliOptions = {}) =>
  runCli(args, {
    cwd: project,
    env: { SOURCE_URL: server.url('lab'), TARGET_URL: server.url('beside'), PATH: process.env['PATH'] },
    timeoutMs: 120_000,
    ...options,
  });
async function report(args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await dbctl([...args, '--format', 'json']);
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}

beforeAll(async () => {
  [server] = await Promise.all([startServer(), clientTools()]);
  await onServer(server.url(), 'create database lab', 'create database beside');
  await onServer(
    server.url('lab'),
    'create schema app',
    'create table app.customers (id int primary key, email text)',
    'create table app.orders (id int generated always as identity primary key, customer int references app.customers, note text)',
    `insert into app.customers select n, 'c' || n || '@example.org' from generate_series(1, 10) n`,
    `insert into app.orders (customer, note) select 1 + n % 10, 'n' || n from generate_series(1, 100) n`,
  );
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: cli
environments:
  dev: { url: { variable: SOURCE_URL } }
  beside: { url: { variable: TARGET_URL } }
  prod: { url: { variable: SOURCE_URL }, protected: true }
backup:
  repositories: [{ name: nightly, type: folder, path: backups }]
  signer: { name: cli-backup, key: { file: key.pem } }
`,
  );
  for (const args of [
    ['ledger', 'key', 'key.pem', '--name', 'cli-backup'],
    ['backup', 'create'],
  ]) {
    const { status, stderr } = await dbctl(args);
    if (status !== 0) throw new Error(stderr);
  }
}, 240_000);
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

describe('restore --table', () => {
  it.each<[string, readonly string[], string, string]>([
    ['a pattern', ['--table', 'app.*'], 'usage', 'app.* is a pattern, and what is restored has to be named'],
    ['a pattern of schemas', ['--schema', 'ap?'], 'usage', 'ap? is a pattern, and what is restored has to be named'],
    [
      'files of a server',
      ['--table', 'app.orders', '--data', '/tmp/nowhere'],
      'usage',
      '--table and --schema go into a database, not with --data or --into',
    ],
    ['a table that is not in it', ['--table', 'orders'], 'refused', ' has no table public.orders'],
    ['quotes', ['--table', '"app"."orders"'], 'refused', ' has no table "app"."orders"'],
  ])('does not take %s', async (_name, args, code, message) => {
    const { error } = await report(['restore', '--env', 'beside', '--yes', ...args]);
    expect(error?.code).toBe(code);
    expect(error?.message.endsWith(message), error?.message).toBe(true);
  });

  it('never goes into a protected environment', async () => {
    expect(await report(['restore', '--env', 'prod', '--yes', '--table', 'app.orders'])).toMatchObject({ status: 5 });
  });

  it('says first what it brings and what would be missing, then restores and compares', async () => {
    const planned = await dbctl(['restore', '--env', 'beside', '--table', 'app.orders', '--dry-run']);
    const shown = planned.stdout.replaceAll(/^ .*─.*$|^.*lab-\S+, data of \S+$|^beside: .*$|\(\d+ ms\)| +$/gm, '').trim();
    expect(shown).toMatchInlineSnapshot(`
      "✔  app.orders                       would be restored with 100 rows
      ✔  schema app                       would be made, too
      -  app.orders.orders_customer_fkey  foreign key left out: it needs app.customers, which was not
                                          chosen

      When the tables they lead to are there:
      alter table "app"."orders" add constraint "orders_customer_fkey" FOREIGN KEY (customer) REFERENCES
      app.customers(id);

      ✔ dbctl restore: ok"
    `);
    expect((await dbctl(['restore', '--env', 'beside', '--table', 'app.orders'])).stderr).toContain('--yes');
    const done = await report(['restore', '--env', 'beside', '--table', 'app.orders', '--yes']);
    expect(done).toMatchObject({ status: 0, ok: true, summary: { differences: 0, leftOut: 1 } });
    const again = await report(['restore', '--env', 'beside', '--table', 'app.orders', '--yes']);
    expect(again).toMatchObject({ status: 5 });
    expect(again.error?.message).toContain('table app.orders is there, and nothing that is there is overwritten');
    expect(await report(['restore', '--env', 'beside', '--table', 'app.customers', '--yes'])).toMatchObject({ status: 0 });
  });
});
