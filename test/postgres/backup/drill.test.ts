import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import type { DrillReport } from '../../../src/ops/drill/report.ts';
import { pushWal } from '../../../src/ops/wal/archive.ts';
import { parseWalName } from '../../../src/ops/wal/segment.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** Drills as a person runs them: of a dump, of the files of the server, and of those with the archived log. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-drill-'));
const repository = folderRepository('nightly', join(project, 'backups'));
const drills = join(project, 'backups', '.drills');

const dbctl = (...args: readonly string[]) =>
  runCli(args, {
    cwd: project,
    env: { SOURCE_URL: server.url('bank'), PATH: process.env['PATH'] },
    timeoutMs: 120_000,
  });
async function report(...args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await dbctl(...args, '--format', 'json');
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}
/** What has to be done before, and is not the question. */
async function done(...args: readonly string[]): Promise<Report> {
  const ended = await report(...args);
  if (ended.status !== 0) throw new Error(JSON.stringify(ended.error ?? ended.items, null, 2));
  return ended;
}
const lines = ({ items }: Report): string[] =>
  items.map(({ step, outcome, message }) => `${step as string} ${outcome as string}: ${message}`);
const stored = ({ summary }: Report): DrillReport => JSON.parse(readFileSync(summary['report'] as string, 'utf8')) as DrillReport;

const ASSERTIONS = `
      - { name: balances-add-up, sql: "select sum(balance) from public.account;", expect: "200000" }
      - { name: in-another, database: postgres, sql: "select current_database()", expect: postgres }`;
const configure = (drill: string, more = '') =>
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: drill
environments: { dev: { url: { variable: SOURCE_URL } } }
dev: { database: bank }
immutability: { tables: [{ table: public.event, generated: [id, recorded_xid] }] }
ledger: { signer: { name: drill, key: { file: key.pem } } }
backup:
  repositories: [{ name: nightly, type: folder, path: backups }]
  drill:
    ${drill}
${more}`,
  );
const sql = (...statements: readonly string[]) => onServer(server.url('bank'), ...statements);
async function value(query: string): Promise<string> {
  const client = new pg.Client({ connectionString: server.url('bank') });
  await client.connect();
  const { rows } = await client.query<{ value: string }>(query);
  await client.end();
  return rows[0]?.value ?? '';
}

/** What the server has archived, into the repository. */
async function archive(): Promise<void> {
  const last = await value('select pg_walfile_name(pg_switch_wal()) as value');
  for (let waited = 0; waited < 200; waited += 1) {
    if ((await value(`select (last_archived_wal >= '${last}')::text as value from pg_stat_archiver`)) === 'true') break;
    await new Promise((go) => setTimeout(go, 100));
  }
  const spool = join(server.folder, 'spool');
  for (const name of readdirSync(spool).toSorted())
    if (parseWalName(name)?.kind === 'segment') await pushWal(repository, join(spool, name));
}

beforeAll(async () => {
  [server] = await Promise.all([
    startServer({
      settings: {
        wal_level: 'replica',
        max_wal_senders: '4',
        archive_mode: 'on',
        archive_command: 'cp "%p" "$PWD/../spool/%f"',
      },
      prepare: async (made) => void (await made.giveFolder('spool')),
    }),
    clientTools(),
  ]);
  await onServer(server.url(), 'create database bank');
  await sql(
    'create table public.account (id int primary key, balance bigint not null)',
    'insert into public.account select n, 1000 from generate_series(1, 200) n',
    'create table public.event (id bigint generated always as identity primary key, note text not null, recorded_xid xid8 not null default pg_current_xact_id())',
    `insert into public.event (note) select 'n' || n from generate_series(1, 50) n`,
  );
  configure(`assertions: ${ASSERTIONS}`);
  await done('ledger', 'key', 'key.pem', '--name', 'drill');
  await done('immutability', 'install', '--yes');
  await done('ledger', 'checkpoint');
  await done('backup', 'create');
}, 240_000);
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

describe('a drill of a dump', () => {
  it('looks at everything that was asked for', async () => {
    const drilled = await report('backup', 'drill');
    expect(lines(drilled)).toEqual([
      expect.stringMatching(/^choose passed: bank-\S+, the newest one; its manifest is as it was signed$/),
      'fetch passed: every file as it was sealed',
      expect.stringMatching(/^server passed: PostgreSQL 18 with \d roles$/),
      expect.stringMatching(/^restore passed: \d+ tables by pg_restore$/),
      expect.stringMatching(/^compare passed: as it was backed up: rows, .*triggers/),
      'immutability passed: 1 tables are guarded as they were',
      expect.stringMatching(/^ledger passed: \d+ partitions and logs as they were sealed$/),
      expect.stringMatching(/^verify passed: \d+ checks run, \d+ left out: nothing at or above medium$/),
      'assertion balances-add-up passed: it is "200000"',
      'assertion in-another skipped: it is about postgres, and this is a dump of bank',
      expect.stringMatching(/^self-test passed: \d+ attempts on 1 tables and partitions as \d+ roles: none got through/),
      'amcheck passed: heaps and indexes are whole',
    ]);
    expect(drilled).toMatchObject({ status: 0, summary: { answer: 'passed' } });
    const { steps, rtoSeconds } = stored(drilled);
    const until = steps.findIndex(({ name }) => name === 'compare');
    const sum = steps.slice(0, until + 1).reduce((total, { seconds }) => total + seconds, 0);
    expect(sum).toBeCloseTo(rtoSeconds ?? 0, 1);
  }, 120_000);

  it.each([
    [
      'an hour for a second',
      'rto: 1ms',
      'target missed',
      /^rto missed: \S+ s to a database that was looked at, and 0 s is the most$/,
    ],
    ['old data', 'rpo: 1s', 'target missed', /^rpo missed: .* of work would be lost, and 1 s is the most$/],
    [
      'an assertion that does not hold',
      'assertions: [{ name: rich, sql: select sum(balance) from public.account, expect: "1" }]',
      'restored, but differs',
      /^assertion rich failed: it is "200000", and has to be "1"$/,
    ],
  ])(
    'says no to %s',
    async (_name, setting, answer, said) => {
      configure(setting);
      const drilled = await report('backup', 'drill');
      configure(`assertions: ${ASSERTIONS}`);
      expect(drilled).toMatchObject({ status: 1, ok: false, summary: { answer } });
      expect(lines(drilled)).toContainEqual(expect.stringMatching(said));
      expect(stored(drilled)).toMatchObject({ ok: false, answer });
      const path = (drilled.summary['report'] as string).replace(/json$/, 'md');
      expect(readFileSync(path, 'utf8')).toContain(`**${answer.charAt(0).toUpperCase()}${answer.slice(1)}.**`);
    },
    60_000,
  );

  it('finds guards that were taken off before the backup was made, and the project’s own checks', async () => {
    await sql('set event_triggers = off', 'alter table public.event disable trigger all');
    const made = await report('backup', 'create');
    const drilled = await report('backup', 'drill', made.summary['id'] as string);
    expect(drilled).toMatchObject({ status: 1, summary: { answer: 'restored, but differs' } });
    const failed = drilled.items.filter(({ status }) => status === 'fail').map(({ id }) => id);
    expect(failed).toEqual(expect.arrayContaining(['immutability', 'verify', 'self-test']));
    expect(drilled.items.find(({ id }) => id === 'self-test')?.message).toMatch(/\d+ got through: /);
    await sql(
      'set event_triggers = off',
      ...['row', 'statement', 'truncate'].map((one) => `alter table public.event enable always trigger dbctl_guard_${one}`),
    );
    rmSync(join(repository.folder, made.summary['id'] as string), { recursive: true });
  }, 120_000);

  it('can be drawn, and drawn again', async () => {
    const drilled = await report('backup', 'drill', '--random', '--window', '2d', '--seed', 'again');
    expect(stored(drilled).choice).toMatchObject({ by: 'random', seed: 'again', within: '2d' });
    expect(lines(drilled)[0]).toMatch(/drawn from 1 backups of the last 2d with --seed again; its manifest is as it was signed$/);
  }, 60_000);
});

describe('an assertion that cannot be answered', () => {
  it.each<[string, string, string]>([
    ['has no row', 'select 1 where false', 'no row came back, and one is needed'],
    ['has two', 'select 1 union all select 2', 'more than one row came back, and one is needed'],
    ['has two columns', 'select 1, 2', 'the row has 2 columns, and one is needed'],
    ['is null', 'select null::int', 'it is null, and has to be "1"'],
    [
      'writes',
      'select setval(pg_get_serial_sequence($$public.event$$, $$id$$), 1)',
      'it writes, and an assertion may only read: cannot execute setval() in a read-only transaction',
    ],
    ['is two statements', 'select 1; drop table public.account', 'it is not one query: syntax error at or near ";"'],
    ['ends the subquery', 'select 1) as x; drop table public.account; --', 'it is not one query: syntax error at or near ")"'],
    [
      'ends it and begins another',
      'select 1) as asked (value) limit $1; drop table public.account; select * from (select 1',
      'it is not one query: cannot insert multiple commands into a prepared statement',
    ],
    ['is no SQL', 'the sum', 'it is not one query: syntax error at or near ")"'],
    ['takes too long', 'select pg_sleep(20)', 'it took longer than 0.3 s'],
    [
      'asks for what is not there',
      'select n from public.nothing',
      'the server refused it with 42P01: relation "public.nothing" does not exist',
    ],
    ['is a comment', '-- select 1', 'it is not one query: syntax error at or near ")"'],
  ])('because it %s', async (_name, query, said) => {
    const { tryAssertion } = await import('../../../src/ops/drill/assertions.ts');
    const { withSession } = await import('../../../src/db/session.ts');
    const asked = withSession(server.target('bank'), { access: 'write' }, (session) =>
      tryAssertion(session, { name: 'x', sql: query, expect: '1' }, 300),
    );
    await expect(asked).rejects.toMatchObject({ code: 'backup.failed', message: said });
    expect(await value('select count(*)::text as value from public.account')).toBe('200');
  });
});

describe('a drill of the files of a server', () => {
  let point = '';

  beforeAll(async () => {
    await done('backup', 'create', '--type', 'physical');
    await sql('update public.account set balance = balance + 1 where id = 1', `select pg_create_restore_point('before_more')`);
    await sql('select pg_sleep(0.1)');
    point = await value(`select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as value`);
    await sql('select pg_sleep(0.1)', 'update public.account set balance = balance + 1000 where id = 2');
    await archive();
  }, 120_000);

  const balance = (sum: number) =>
    configure(`assertions: [{ name: sum, sql: select sum(balance) from public.account, expect: "${sum}" }]`);

  it.each<[string, readonly string[], number]>([
    ['the backup alone', [], 200_000],
    ['a time', ['--at', 'POINT'], 200_001],
    ['a name', ['--at', 'name:before_more'], 200_001],
    ['everything the archive has', ['--at', 'latest'], 201_001],
  ])(
    'goes to %s',
    async (_name, args, sum) => {
      balance(sum);
      const drilled = await report('backup', 'drill', ...args.map((word) => word.replace('POINT', point)));
      expect(drilled.items.filter(({ status }) => status === 'fail')).toEqual([]);
      expect(drilled.status).toBe(0);
      expect(lines(drilled)).toContain(`assertion sum passed: it is "${sum}"`);
      const { rpoSeconds, lastCommit } = stored(drilled);
      if (args.length === 0) expect(rpoSeconds).toBeGreaterThan(0);
      else if (args[1] === 'latest') expect([rpoSeconds, lastCommit]).toEqual([expect.any(Number), expect.any(String)]);
      else expect(rpoSeconds).toBeNull();
      expect(lines(drilled)).toContainEqual(expect.stringMatching(/^self-test passed: /));
    },
    120_000,
  );

  it('is refused before anything is unpacked where the archive does not reach, and says so', async () => {
    const refused = await report('backup', 'drill', '--at', '2099-01-01T00:00Z');
    expect(refused).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect(refused.error?.message).toMatch(/^the archive ends at [0-9A-F]{24}, before 2099-01-01T00:00:00\.000000Z: /);
    expect((await report('backup', 'drill', '--at', 'yesterday')).error?.message).toBe(
      '--at takes a time with its zone, an LSN, name:POINT or latest, not yesterday',
    );
  });

  it('fails where the project asked for something in a database that is not in it', async () => {
    configure('database: elsewhere');
    const drilled = await report('backup', 'drill');
    expect(drilled).toMatchObject({ status: 1, summary: { answer: 'restored, but differs' } });
    expect(drilled.items.find(({ id }) => id === 'verify')?.message).toBe(
      'the backup has no database elsewhere, so guards, ledger and checks were not looked at: name the one that is meant in backup.drill.database',
    );
    configure(`assertions: ${ASSERTIONS}`);
  }, 60_000);
});

describe('the chain of reports', () => {
  it('is whole, and shows what was changed; its head can be written down', async () => {
    const verified = (...args: readonly string[]) => report('backup', 'drill', '--verify-reports', ...args);
    const names = readdirSync(drills).filter((name) => name.endsWith('.json'));
    const whole = await verified();
    expect(whole).toMatchObject({ status: 0, summary: { reports: names.length, broken: 0 } });
    expect(names.length).toBeGreaterThanOrEqual(9);
    expect((await verified('--head', whole.summary['head'] as string)).status).toBe(0);
    const path = join(drills, names.toSorted()[1] ?? '');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"ok": false', '"ok": true'));
    const found = await verified();
    writeFileSync(path, text);
    expect(found).toMatchObject({ status: 1, summary: { broken: 2 } });
    expect(found.items.filter(({ status }) => status === 'fail').map(({ message }) => message)).toEqual([
      'it is not the report that was signed',
      expect.stringMatching(/^the report before it, 000002-\S+, is not the one it followed$/),
    ]);
  });
});

describe('what cannot be meant', () => {
  it.each<[readonly string[], string]>([
    [['--random', '--at', 'latest'], '--random and --at are two different drills'],
    [['--at', 'latest', '--verify-reports'], '--at and --verify-reports are two different drills'],
    [['some-id', '--random'], '--random chooses by itself, and some-id is named'],
    [['--window', '30d'], '--window needs --random'],
    [['--seed', 'x'], '--seed needs --random'],
    [['--timeline', '2'], '--timeline needs --at'],
    [['--head', 'x'], '--head needs --verify-reports'],
    [['--random', '--window', '1 month'], 'expected days or hours such as 30d or 48h'],
  ])('dbctl backup drill %j', async (args, said) => {
    const refused = await report('backup', 'drill', ...args);
    expect(refused).toMatchObject({ status: 2, error: { code: 'usage' } });
    expect(refused.error?.message).toContain(said);
  });
});

it('tells an alarm of the newest drill', async () => {
  const { stdout } = await dbctl('backup', 'status', '--format', 'prometheus');
  expect(stdout).toMatch(/^dbctl_drill_ok [01]$/m);
  expect(stdout).toMatch(/^dbctl_drill_rto_seconds [\d.]+$/m);
  expect(stdout).toMatch(/^dbctl_drill_rpo_seconds [\d.]+$/m);
});
