import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { ensureBuilt, runCli, type CliEnd } from '../../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** The commands as people, pipelines and timers run them. */
let database: TestDatabase;
let client: pg.Client;
let folder: string;
const program = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));
const environment = () => ({ URL_: database.url, COLUMNS: '250' });
const dbctl = (args: readonly string[], options: { signal?: AbortSignal } = {}): Promise<CliEnd> =>
  runCli(args, { cwd: folder, env: environment(), ...options });
const report = (...args: readonly string[]): Promise<CliReport> => cliReport(args, { cwd: folder, env: environment() });

const CONFIG = (where = "state = 'done'", more = ''): string => `version: 1
project: retention-cli
environments:
  dev: { url: { variable: URL_ } }
  prod: { url: { variable: URL_ }, protected: true }
retention:
  rules:
    - { name: done-jobs, table: app.jobs, keep: 30 days, by: at, then: delete, batch: 10, pause: 0, basis: support, where: ${JSON.stringify(where)}${more} }
    - { table: app.keys, keep: 2 days, by: day, then: delete, basis: answers are repeated for a day }
`;

beforeAll(async () => {
  await ensureBuilt();
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  folder = await mkdtemp(join(tmpdir(), 'dbctl-retention-'));
});
afterAll(async () => {
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await writeFile(join(folder, 'dbctl.yaml'), CONFIG());
  await client.query(`drop schema if exists app cascade; create schema app;
    create table app.jobs (id int primary key, at timestamptz, state text);
    create index jobs_at_idx on app.jobs (at) where state = 'done';
    create table app.runs (id int primary key, job int references app.jobs on delete cascade);
    create table app.keys (id int, day date);
    insert into app.jobs select n, now() - interval '90 days', case when n % 5 = 0 then 'open' else 'done' end from generate_series(1, 100) n;
    insert into app.runs select n, n from generate_series(1, 100) n;
    insert into app.keys select n, (now() at time zone 'UTC')::date - n from generate_series(0, 9) n; analyze`);
});
const count = async (table: string): Promise<number> =>
  (await client.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]?.n ?? -1;
const lastRun = async (): Promise<unknown> =>
  (await client.query(`select outcome, summary from dbctl.run where command = 'retention run' order by started_at desc limit 1`))
    .rows[0];

describe('plan', () => {
  test('says what would go, by which index, with what along, and what is slow; and removes nothing', async () => {
    const { status, items, summary } = await report('retention', 'plan', '--exact');
    expect(status).toBe(0);
    expect(summary).toMatchObject({ rules: 2, rows: 87, how: 'exact', warnings: 2, unfit: 0 });
    const rules = items.filter(({ id }) => id === 'rule');
    expect(rules).toMatchObject([
      {
        object: 'done-jobs',
        rows: 80,
        bytes: expect.any(Number) as unknown,
        how: 'exact',
        index: 'jobs_at_idx',
        indexUsable: true,
        held: 0,
        holds: [],
      },
      { object: 'app-keys', table: 'app.keys', rows: 7, index: null, indexUsable: false },
    ]);
    expect(items.filter(({ id }) => id !== 'rule').map(({ id, object, message, fix }) => [id, object, message, fix])).toEqual([
      ['cascade', 'done-jobs', '80 rows of app.runs go with them (runs_job_fkey)', null],
      [
        'unindexed-reference',
        'done-jobs',
        'app.runs refers to it by job without an index: every row that goes reads all of app.runs',
        'create index concurrently on "app"."runs" ("job");',
      ],
      [
        'no-index',
        'app-keys',
        'no index finds its oldest rows: every batch reads the table and sorts',
        'create index concurrently "keys_day_idx" on "app"."keys" ("day");',
      ],
    ]);
    for (const { fix, id } of items) if (typeof fix === 'string' && id !== 'rule') await client.query(fix);
    expect((await report('retention', 'plan')).summary).toMatchObject({ warnings: 0, how: 'estimate' });
    expect(await count('app.jobs')).toBe(100);
  });

  test('exits 1 where a rule could not run, with what was meant', async () => {
    await client.query('alter table app.jobs rename column at to att; drop table app.keys');
    const { status, items } = await report('retention', 'plan');
    expect(status).toBe(1);
    expect(items.map(({ object, status: one, message }) => [object, one, message])).toEqual([
      ['done-jobs', 'fail', 'app.jobs has no column at, did you mean att'],
      ['app-keys', 'fail', 'there is no table app.keys'],
    ]);
  });

  test('in every format', async () => {
    const formats = ['human', 'markdown', 'junit', 'sarif', 'github', 'tap', 'ndjson', 'prometheus'];
    const ends = await Promise.all(formats.map((format) => dbctl(['retention', 'plan', '--format', format])));
    for (const [index, { status, stdout }] of ends.entries()) {
      const format = formats[index] ?? '';
      expect(status, format).toBe(0);
      expect(stdout, format).toContain(['sarif', 'github', 'junit'].includes(format) ? 'no-index' : 'done-jobs');
    }
  });
});

describe('run', () => {
  test('removes exactly what is old and meant, records it, and then there is nothing to do', async () => {
    const { status, items, summary, stderr } = await report('retention', 'run', '--yes');
    expect(status, stderr).toBe(0);
    expect(summary).toEqual({ rules: 2, rows: 87, unfinished: 0 });
    expect(items).toMatchObject([
      { object: 'done-jobs', state: 'done', deleted: 80, batches: 8, left: 0, held: 0 },
      { object: 'app-keys', state: 'done', deleted: 7, batches: 1, left: 0, held: 0 },
    ]);
    expect([await count('app.jobs'), await count('app.runs'), await count('app.keys')]).toEqual([20, 20, 3]);
    expect(await lastRun()).toMatchObject({
      outcome: 'done',
      summary: {
        rows: 87,
        rules: [
          { rule: 'done-jobs', deleted: 80, basis: 'support' },
          { rule: 'app-keys', deleted: 7 },
        ],
      },
    });
    expect((await report('retention', 'run', '--yes')).summary).toMatchObject({ rows: 0 });
    expect((await report('retention', 'status')).status).toBe(0);
  });

  test('one rule of them; a name that is none is told', async () => {
    expect((await report('retention', 'run', '--yes', '--rule', 'app-keys')).summary).toMatchObject({ rules: 1, rows: 7 });
    expect(await report('retention', 'run', '--yes', '--rule', 'done-job')).toMatchObject({
      status: 2,
      error: {
        code: 'usage',
        message: 'there is no retention rule done-job, did you mean done-jobs',
        hint: 'dbctl.yaml has done-jobs, app-keys.',
      },
    });
  });

  test('on a protected environment only when told, and a dry run always', async () => {
    expect(await report('retention', 'run', '--yes', '--env', 'prod')).toMatchObject({
      status: 5,
      error: {
        code: 'refused',
        message: 'environment prod is protected, and this command destroys',
        hint: 'Look first with --dry-run; where it is meant, say so: --on-protected.',
      },
    });
    expect((await report('retention', 'run', '--dry-run', '--env', 'prod')).summary).toMatchObject({ rows: 87 });
    expect(await count('app.jobs')).toBe(100);
    expect((await report('retention', 'run', '--yes', '--env', 'prod', '--on-protected')).summary).toMatchObject({ rows: 87 });
  });

  test('with nobody to ask and no --yes refuses', async () => {
    expect(await report('retention', 'run')).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect(await count('app.jobs')).toBe(100);
  });

  test('as metrics', async () => {
    const { stdout } = await dbctl(['retention', 'run', '--yes', '--format', 'prometheus']);
    expect(stdout).toContain('dbctl_retention_deleted_rows{rule="done-jobs",table="app.jobs"} 80\n');
    expect(stdout).toContain('dbctl_retention_backlog_rows{rule="done-jobs",table="app.jobs"} 0\n');
    expect(stdout).toContain('dbctl_retention_behind_seconds{rule="app-keys",table="app.keys"} 0\n');
  });

  test('a rule that fails does not keep the others from their work', async () => {
    await client.query(
      'drop table app.runs; create table app.runs (id int primary key, job int references app.jobs); insert into app.runs values (1, 1)',
    );
    const { status, items } = await report('retention', 'run', '--yes');
    expect(status).toBe(1);
    expect(items).toMatchObject([
      { deleted: 0, state: 'failed', status: 'fail' },
      { deleted: 7, state: 'done' },
    ]);
    expect(await lastRun()).toMatchObject({ outcome: 'failed' });
  });
});

describe('a run that is interrupted', () => {
  const slowly = (): Promise<void> => writeFile(join(folder, 'dbctl.yaml'), CONFIG().replace('pause: 0', 'pause: 300ms'));

  test('by Ctrl-C ends between two batches, with the truth', async () => {
    await slowly();
    const stop = new AbortController();
    const running = runCli(['retention', 'run', '--yes', '--format', 'json'], {
      cwd: folder,
      env: environment(),
      signal: stop.signal,
    });
    await until(async () => (await count('app.jobs')) < 100);
    stop.abort();
    const { status, stdout } = await running;
    expect(status).toBe(130);
    const left = await count('app.jobs');
    const { error } = JSON.parse(stdout) as CliReport;
    expect(error).toMatchObject({ code: 'interrupted' });
    expect(error?.message).toBe(
      `stopped between two batches: ${100 - left} rows were removed for good (done-jobs ${100 - left} in ${(100 - left) / 10} batches)`,
    );
    expect(await lastRun()).toMatchObject({ outcome: 'stopped', summary: { rows: 100 - left } });
  });

  test('by SIGKILL leaves whole batches, and the next run says so', async () => {
    await slowly();
    const child = spawn(process.execPath, [program, 'retention', 'run', '--yes'], {
      cwd: folder,
      env: { ...environment(), PATH: process.env['PATH'] },
      stdio: 'ignore',
    });
    await until(async () => (await count('app.jobs')) < 90);
    child.kill('SIGKILL');
    await until(
      async () =>
        (
          await client.query(
            `select from pg_stat_activity where application_name = 'dbctl retention' and datname = current_database()`,
          )
        ).rowCount === 0,
    );
    const left = await count('app.jobs');
    expect(left % 10).toBe(0);
    expect(await count('app.runs')).toBe(left);
    await writeFile(join(folder, 'dbctl.yaml'), CONFIG());
    const { status, stdout } = await dbctl(['retention', 'run', '--yes']);
    expect(status).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /The run of \S+ never said how it ended: it was killed, or lost its connection\. What it removed is whole batches or partitions, and is not in the record\./,
    );
    expect(await count('app.jobs')).toBe(20);
    expect((await dbctl(['retention', 'run', '--yes'])).stdout).not.toContain('never said');
  });

  test('two at once do not fight: one ends at once, and says who works', async () => {
    await slowly();
    const stop = new AbortController();
    const running = dbctl(['retention', 'run', '--yes'], { signal: stop.signal });
    await until(async () => (await count('app.jobs')) < 100);
    const second = await report('retention', 'run', '--yes');
    expect(second).toMatchObject({ status: 5, error: { code: 'lock.held' } });
    expect(second.error?.message).toMatch(/^the retention lock is held by pid \d+ \(dbctl retention, user/);
    stop.abort();
    await running;
  });

  async function until(what: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < 400; turn += 1) {
      if (await what()) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('it did not come to that');
  }
});

describe('status', () => {
  test('exits 1 when a rule is behind by more than the grace, which held rows are not', async () => {
    const behind = await report('retention', 'status');
    expect(behind.status).toBe(1);
    expect(behind.items.map(({ object, status, message }) => [object, status, message])).toEqual([
      ['done-jobs', 'fail', 'the oldest is 60.0 days older than 30 days'],
      ['app-keys', 'fail', expect.stringMatching(/^the oldest is \d+\.\d days older than 2 days$/)],
    ]);
    expect((await report('retention', 'status', '--grace', '3 months')).status).toBe(0);
    const hold = await report('retention', 'hold', 'app.jobs', '--reason', 'the court asked for them');
    expect(hold.status).toBe(0);
    const held = await report('retention', 'status', '--rule', 'done-jobs');
    expect(held).toMatchObject({ status: 0, items: [{ rows: 0, held: 80 }] });
    expect(
      (await report('retention', 'release', String(Number(hold.summary['hold'])), '--yes', '--reason', 'the case is closed'))
        .status,
    ).toBe(0);
    expect((await report('retention', 'status', '--rule', 'done-jobs')).status).toBe(1);
  });
});

describe('holds', () => {
  test('are placed, listed and released, with who and why', async () => {
    const placed = await report(
      'retention',
      'hold',
      'app.jobs',
      '--subject',
      'id=7',
      '--reason',
      'fraud inquiry 4711',
      '--reference',
      '4711',
    );
    expect(placed).toMatchObject({ status: 0, summary: { table: 'app.jobs', state: 'active' } });
    const id = String(Number(placed.summary['hold']));
    expect((await report('retention', 'holds', '--active')).items).toMatchObject([
      {
        hold: Number(id),
        place: 'app.jobs where id is 7',
        state: 'active',
        message: 'fraud inquiry 4711',
        reference: '4711',
        placedBy: 'postgres',
      },
    ]);
    expect((await report('retention', 'run', '--yes')).summary).toMatchObject({ rows: 86 });
    expect((await report('retention', 'release', id, '--reason', 'case 4711 is closed')).error?.code).toBe('refused');
    expect((await report('retention', 'release', id, '--reason', 'case 4711 is closed', '--yes')).status).toBe(0);
    expect((await report('retention', 'holds')).items.at(-1)).toMatchObject({
      state: 'released',
      released: { reason: 'case 4711 is closed' },
    });
    expect(await count('app.jobs')).toBe(21);
  });

  const HELP = 'Run dbctl retention hold --help.';
  const WRONG: readonly (readonly [args: readonly string[], message: string, hint: string])[] = [
    [['hold', 'jobs', '--reason', 'ten characters'], 'name the table with its schema, such as audit.audit_log, not jobs', HELP],
    [['hold', 'app.jobs'], 'say why in 10 to 2000 characters: --reason TEXT', 'It stays in the record for ever.'],
    [
      ['hold', 'app.jobs', '--reason', 'short'],
      'say why in 10 to 2000 characters: --reason TEXT',
      'It stays in the record for ever.',
    ],
    [['hold', 'app.jobs', '--subject', 'id', '--reason', 'ten characters'], '--subject takes column=value, not id', HELP],
    [['hold', 'app.jobs', '--by', 'at', '--reason', 'ten characters'], '--by goes with --from or --to', HELP],
    [
      ['hold', 'app.jobs', '--subject', 'id=1', '--from', '2026-01-01', '--reason', 'ten characters'],
      '--partition, --from and --to, and --subject are three ways to say which rows: take one',
      HELP,
    ],
    [
      ['hold', 'app.runs', '--from', '2026-01-01', '--reason', 'ten characters'],
      'say of which column of app.runs the range is: --by COLUMN',
      'No retention rule of dbctl.yaml is for the table.',
    ],
    [['release', 'x', '--reason', 'ten characters'], 'a hold is a number, not x', 'See them with dbctl retention holds.'],
    [
      ['run', '--max-time', '5'],
      '--max-time: expected a duration such as 500ms, 2s, 5min, 1h or 1d: a number alone has no unit, write 5s or 5000ms',
      'Run dbctl retention run --help.',
    ],
    [['run', '--max-time', '0'], '--max-time 0 would remove nothing', 'Leave it out for no limit but those of the rules.'],
  ];
  test('are not placed, and nothing runs, when the words are wrong', async () => {
    const reports = await Promise.all(WRONG.map(([args]) => report('retention', ...args)));
    for (const [index, [args, message, hint]] of WRONG.entries())
      expect(reports[index], args.join(' ')).toMatchObject({ status: 2, error: { code: 'usage', message, hint } });
  });
});

test('a condition that is none is told at its place in dbctl.yaml, before anything is asked of a server', async () => {
  await writeFile(join(folder, 'dbctl.yaml'), CONFIG('state = 1; delete from app.jobs'));
  for (const command of ['plan', 'run', 'status']) {
    const { status, error } = await report('retention', command, ...(command === 'run' ? ['--yes'] : []));
    expect(status).toBe(2);
    expect(error).toMatchObject({
      code: 'config.invalid',
      message:
        "1 problem: dbctl.yaml:8:124: retention.rules[0].where: is more than one condition: write one expression, such as state = 'done' and attempts > 3",
    });
  }
  expect(await count('app.jobs')).toBe(100);
});

test('without a rule there is nothing to do', async () => {
  await writeFile(join(folder, 'dbctl.yaml'), 'version: 1\nproject: none\nenvironments: { dev: { url: { variable: URL_ } } }\n');
  expect(await report('retention', 'plan')).toMatchObject({ status: 2, error: { message: 'dbctl.yaml has no retention rule' } });
});
