import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { ensureBuilt, runCli } from '../../support/cli.ts';
import { clientTools } from '../../support/tools.ts';

/** Every command that destroys, tried on a database with a hold; test/unit/retention/destroying-commands.test.ts enumerates them. */
let project: string;
let state: string;
const environment = () => ({ DBCTL_STATE_HOME: state, PATH: process.env['PATH'] });
const dbctl = (...args: readonly string[]): Promise<CliReport> => cliReport(args, { cwd: project, env: environment() });

beforeAll(async () => {
  await Promise.all([ensureBuilt(), clientTools()]);
  project = await mkdtemp(join(tmpdir(), 'dbctl-held-'));
  state = await mkdtemp(join(tmpdir(), 'dbctl-state-'));
  await chmod(state, 0o711);
  await mkdir(join(project, 'migrations'));
  await writeFile(
    join(project, 'dbctl.yaml'),
    `version: 1
project: held
environments:
  dev: { embedded: true }
retention:
  rules: [{ name: old, table: public.t, keep: 1 day, by: at, then: delete, basis: a test }]
backup:
  repositories: [{ name: local, type: folder, path: backups }]
  signer: { name: held-backup, key: { file: key.pem } }
`,
  );
  await writeFile(
    join(project, 'migrations', '001.do.t.sql'),
    `create table t (id int primary key, at timestamptz); create index on t (at); insert into t select n, '2020-01-01' from generate_series(1, 10) n;`,
  );
  for (const args of [
    ['dev', 'up'],
    ['migrate', 'up'],
    ['ledger', 'key', 'key.pem'],
    ['retention', 'hold', 'public.t', '--reason', 'the court asked for them'],
  ]) {
    const { status, stderr, stdout } = await dbctl(...args);
    expect(status, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  }
}, 240_000);
afterAll(async () => {
  await dbctl('retention', 'release', '1', '--reason', 'the tests are over', '--yes');
  await dbctl('dev', 'down', '--purge', '--yes');
  await rm(project, { recursive: true, force: true });
  await rm(state, { recursive: true, force: true });
});

async function query<Row extends object>(sql: string): Promise<Row[]> {
  const { stdout } = await runCli(['dev', 'url', '--with-password'], { cwd: project, env: environment() });
  const client = new pg.Client({ connectionString: stdout.trim(), options: '-c role=none -c idle_session_timeout=0' });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
const allThere = async (): Promise<void> => expect(await query('select count(*)::int as n from t')).toEqual([{ n: 10 }]);

test('retention run: leaves what is held, and says so', async () => {
  const { status, items } = await dbctl('retention', 'run', '--yes');
  expect(status).toBe(0);
  expect(items).toMatchObject([{ object: 'old', deleted: 0, held: 10, holds: [1] }]);
  await allThere();
});

test('dev reset: refuses, dry or not', async () => {
  for (const more of [[], ['--dry-run']]) {
    const { status, error } = await dbctl('dev', 'reset', ...more);
    expect(status).toBe(5);
    expect(error).toMatchObject({ code: 'refused', message: 'rows of held are held: hold 1 on all of public.t' });
  }
  await allThere();
});

test('dev down --purge: refuses while the server runs, whatever is set for the database', async () => {
  expect(await dbctl('dev', 'down', '--purge', '--yes')).toMatchObject({ status: 5, error: { code: 'refused' } });
  await query(
    `create role sees_nothing; alter database held set role = sees_nothing; alter database held set idle_session_timeout = '1ms'`,
  );
  expect(await dbctl('dev', 'down', '--purge', '--yes')).toMatchObject({ status: 5, error: { code: 'refused' } });
  await query('set idle_session_timeout = 0; reset role; alter database held reset all; drop role sees_nothing');
  await allThere();
});

test('restore: does not overwrite what is there, whole or a table', async () => {
  expect((await dbctl('backup', 'create')).status).toBe(0);
  for (const more of [[], ['--table', 'public.t']]) {
    const { status, error, stdout } = await dbctl('restore', '--yes', ...more);
    expect(status, stdout).toBe(5);
    expect(error?.code).toBe('refused');
    await allThere();
  }
});

test('immutability uninstall: removes no row, and the record of holds still only grows', async () => {
  expect((await dbctl('immutability', 'uninstall', '--yes')).status).toBe(0);
  await allThere();
  await expect(query('delete from dbctl.legal_hold')).rejects.toMatchObject({ code: 'IM001' });
  const { items } = await dbctl('retention', 'run', '--yes');
  expect(items).toMatchObject([{ deleted: 0, held: 10 }]);
});
