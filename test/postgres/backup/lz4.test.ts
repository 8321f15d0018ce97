import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { findPrograms } from '../../../src/ops/tools/find.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { ask } from '../../support/dev-project.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** A server of Debian, which has lz4, and one from npm, which has not. */
let server: TestServer;
let without: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-lz4-'));

async function report(...args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: {
      SOURCE_URL: server.url('lab'),
      AGAIN_URL: server.url('again'),
      WITHOUT_URL: without.url('again'),
      DBCTL_STATE_HOME: join(project, 'state'),
      PATH: process.env['PATH'],
    },
    timeoutMs: 120_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}

beforeAll(async () => {
  chmodSync(project, 0o711);
  const [found] = await findPrograms(await clientTools(), 18, ['pg_waldump']);
  // pg_waldump comes with the server.
  const programs = dirname(found?.taken?.path ?? '');
  [server, without] = await Promise.all([
    startServer({ programs, settings: { default_toast_compression: 'lz4', wal_compression: 'lz4' } }),
    startServer(),
  ]);
  for (const one of [server, without]) await onServer(one.url(), 'create database lab', 'create database again');
  await onServer(
    server.url('lab'),
    'create table t (id int primary key, a text compression lz4, "B b" text compression lz4, c text compression pglz)',
    `insert into t select n, repeat('a' || n, 5000), repeat('b', 5000), repeat('c', 5000) from generate_series(1, 50) n`,
  );
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: lz4
environments:
  dev: { url: { variable: SOURCE_URL } }
  again: { url: { variable: AGAIN_URL } }
  without: { url: { variable: WITHOUT_URL } }
backup:
  repositories: [{ name: here, type: folder, path: backups }]
  signer: { name: lz4, key: { file: key.pem } }
  drill: { database: lab, assertions: [{ name: rows, sql: select sum(length(a)) > 0 from t, expect: "true" }] }
`,
  );
  await report('ledger', 'key', 'key.pem', '--name', 'lz4');
  expect((await report('backup', 'create')).error).toBeNull();
}, 240_000);
afterAll(async () => {
  await Promise.all([server.stop(), without.stop()]);
  rmSync(project, { recursive: true, force: true });
});

it('a dump that asks for lz4 is restored where there is lz4', async () => {
  expect(await report('restore', '--env', 'again', '--yes')).toMatchObject({ status: 0, error: null });
  expect(await ask(server, 'select pg_column_compression(a) from t limit 1', 'again')).toBe('lz4');
}, 60_000);

it.each<[string, readonly string[], string]>([
  ['a restore', ['restore', '--env', 'without', '--yes'], 'the server of again'],
  ['a look', ['restore', '--into', 'embedded'], 'the server of lab'],
  ['a drill', ['backup', 'drill'], 'the server npm brings for a drill'],
])(
  '%s elsewhere says so before anything is touched, and nothing about the backup',
  async (_, args, which) => {
    const refused = await report(...args);
    expect([refused.status, refused.error?.code, refused.error?.message]).toEqual([
      5,
      'refused',
      expect.stringMatching(
        new RegExp(`^${which} was built without lz4, which compresses public\\.t\\.a, public\\.t\\."B b" of lab-\\S+$`),
      ),
    ]);
    expect(await ask(without, `select count(*)::int from pg_tables where schemaname = 'public'`, 'again')).toBe(0);
    expect(existsSync(join(project, 'backups', '.drills'))).toBe(false);
  },
  60_000,
);

it.each<[string, readonly string[]]>([
  ['drilled', ['backup', 'drill']],
  ['looked into', ['restore', '--into', 'embedded']],
])(
  'files with such values cannot be %s here, which says nothing of them',
  async (_, args) => {
    const made = await report('backup', 'create', '--type', 'physical');
    const refused = await report(...args, made.summary['id'] as string);
    expect(refused).toMatchObject({
      status: 5,
      error: {
        code: 'refused',
        message: 'the server npm brings was built without lz4, with which values of the backup are compressed',
        hint: 'Restore it where PostgreSQL has lz4 (that of Debian, Red Hat and the official images): dbctl restore --data FOLDER.',
      },
    });
    expect(existsSync(join(project, 'backups', '.drills'))).toBe(false);
  },
  60_000,
);
