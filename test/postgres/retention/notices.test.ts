import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import type { Notice } from '../../../src/ops/notice/notice.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';

/** Who is told how commands about retention ended. How a notice gets there is tried in test/postgres/backup/notices.test.ts. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-retention-notices-'));
const heard = join(project, 'heard');

beforeAll(async () => {
  server = await startServer();
  await onServer(
    server.url(),
    `create table public.log (at timestamptz not null) partition by range (at)`,
    `create table public.log_default partition of public.log default`,
    `create table public.job (id int primary key, done_at timestamptz)`,
    `create index on public.job (done_at)`,
    `insert into public.job select n, now() - n * interval '1 day' from generate_series(1, 100) n`,
  );
  const tell = join(project, 'tell');
  writeFileSync(tell, `#!/bin/sh\ncat >> ${heard}\n`);
  chmodSync(tell, 0o755);
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: notices
environments: { dev: { url: { variable: DATABASE_URL } } }
retention:
  partitions: [{ table: public.log, every: month, ahead: 1 }]
  rules:
    - { name: jobs, table: public.job, keep: 90 days, by: done_at, then: delete, basis: a rule of this test }
    - { name: gone, table: public.gone, keep: 90 days, by: done_at, then: delete, basis: a rule of this test }
  notify: [{ command: [${tell}] }]
archive: { destinations: [{ name: cold, type: folder, path: cold }] }
ledger: { signer: { name: n, key: { variable: NO_KEY } } }
`,
  );
});
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});
beforeEach(() => rmSync(heard, { force: true }));

async function dbctl(...args: string[]): Promise<{ readonly exit: number | null; readonly notice: Notice | null }> {
  const env = { PATH: process.env['PATH'], DATABASE_URL: server.url() };
  const { stdout, status } = await runCli([...args, '--format', 'json'], { cwd: project, env });
  expect((JSON.parse(stdout) as Report).items.filter(({ id }) => id === 'notice')).toEqual([]);
  return { exit: status, notice: existsSync(heard) ? (JSON.parse(readFileSync(heard, 'utf8')) as Notice) : null };
}

it('hears of rows in a default partition, and of nothing once they are where they belong', async () => {
  expect(await dbctl('retention', 'partitions', '--yes')).toEqual({ exit: 0, notice: null });
  await onServer(server.url(), `insert into public.log values ('2001-01-01Z')`);
  const { exit, notice } = await dbctl('retention', 'partitions', '--yes');
  expect([exit, notice?.outcome, notice?.command]).toEqual([1, 'failed', 'retention partitions']);
  expect(notice?.failures.map(({ id, object }) => [id, object])).toEqual([['default-has-rows', 'public.log_default']]);
  expect(notice?.text).toMatch(
    /^dbctl retention partitions of notices \(dev\) on \S+ failed: public\.log_default: rows of public\.log are in its default partition/,
  );
});

it('hears of a rule that is behind its grace, and of one that cannot be looked at', async () => {
  const { exit, notice } = await dbctl('retention', 'status');
  expect([exit, notice?.command]).toEqual([1, 'retention status']);
  expect(notice?.failures.map(({ object, message }) => `${object}: ${message}`)).toEqual([
    expect.stringMatching(/^jobs: the oldest is 10\.\d days older than 90 days$/) as string,
    expect.stringMatching(/^gone: /) as string,
  ]);
});

it('hears of a run in which a rule failed, of a run that could not begin, and of none that only looked', async () => {
  expect(await dbctl('retention', 'run', '--dry-run')).toMatchObject({ notice: null });
  const { exit, notice } = await dbctl('retention', 'run', '--yes');
  expect([exit, notice?.command, notice?.failures.map(({ object }) => object)]).toEqual([1, 'retention run', ['gone']]);
  rmSync(heard);
  expect(await dbctl('retention', 'run', '--yes', '--rule', 'jobs')).toEqual({ exit: 0, notice: null });
  const unknown = await dbctl('retention', 'run', '--yes', '--rule', 'job');
  expect([unknown.exit, unknown.notice?.error?.code]).toEqual([2, 'usage']);
});

it('hears of a verification that could not be made', async () => {
  const { exit, notice } = await dbctl('retention', 'verify');
  expect([exit === 0, notice?.outcome, notice?.command]).toEqual([false, 'failed', 'retention verify']);
});
