import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DrillReport } from '../../../src/ops/drill/report.ts';
import { sha256Of } from '../../../src/ops/backup/manifest.ts';
import { openNote } from '../../../src/ops/signing/note.ts';
import { runCli, type CliOptions } from '../../support/cli.ts';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** The commands as a person runs them, on a server of their own. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-backup-cli-'));
const CANARY = 'hunter2:with\\odd chars';
const repository = join(project, 'backups');

const environment = () => ({ SOURCE_URL: url('lab'), TARGET_URL: url('restored'), PATH: process.env['PATH'] });
const dbctl = (args: readonly string[], options: CliOptions = {}) =>
  runCli(args, {
    cwd: project,
    env: environment(),
    timeoutMs: 120_000,
    ...options,
  });
const report = (args: readonly string[], options: CliOptions = {}): Promise<CliReport> =>
  cliReport(args, { cwd: project, env: environment(), ...options });
const url = (database: string): string => {
  const address = new URL(server.url(database));
  address.username = 'backup';
  address.password = encodeURIComponent(CANARY);
  return address.href;
};
const backups = () => readdirSync(repository).filter((name) => !name.startsWith('.'));

beforeAll(async () => {
  server = await startServer();
  await clientTools();
  await onServer(
    server.url(),
    `create role backup login superuser password '${CANARY.replaceAll('\\', String.raw`\\`).replace(/^/, '')}'`.replaceAll(
      String.raw`\\`,
      '\\',
    ),
    'create database lab',
  );
  await onServer(
    server.url('lab'),
    'create table t (id int primary key, note text)',
    `insert into t select n, repeat(md5(n::text), 20) from generate_series(1, 20000) n`,
  );
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: cli
environments:
  dev: { url: { variable: SOURCE_URL } }
  staging: { url: { variable: TARGET_URL } }
  prod: { url: { variable: TARGET_URL }, protected: true }
backup:
  repositories: [{ name: nightly, type: folder, path: backups }]
  signer: { name: cli-backup, key: { file: key.pem } }
`,
  );
}, 240_000);
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

describe('from nothing', () => {
  it('says that there is no key, and that there is no backup', async () => {
    expect((await report(['backup', 'create'])).error?.message).toBe('no key to sign with: key.pem is not there');
    expect((await report(['ledger', 'key', 'key.pem', '--name', 'cli-backup'])).status).toBe(0);
    const none = await dbctl(['backup', 'list']);
    expect(none.status).toBe(0);
    expect(none.stdout).toContain('holds no backup. Make one: dbctl backup create');
    expect((await report(['backup', 'drill'])).error).toMatchObject({
      code: 'backup.failed',
      message: 'nightly has no sealed backup',
    });
    expect((await report(['backup', 'list', '--repository', 'weekly'])).error?.message).toBe('there is no repository weekly');
  });

  it('makes one, lists it, verifies it; files are for their owner alone', async () => {
    const made = await report(['backup', 'create']);
    expect(made).toMatchObject({ status: 0, summary: { rows: 20_000, tables: 1 } });
    const listed = await report(['backup', 'list']);
    expect(listed.items.map(({ id }) => id)).toEqual(backups());
    expect((await report(['backup', 'verify'])).status).toBe(0);
    const shown = await report(['backup', 'show']);
    expect(shown.items.find(({ id }) => id === 'holds')?.message).toBe('20000 rows of 1 tables, 0 sequences, 0 large objects');
    expect(shown.summary['manifest']).toMatchObject({ id: backups()[0], type: 'logical' });
    const folder = join(repository, backups()[0] ?? '');
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    }
  });

  it('drills it: restored, compared, measured, and reported with a signature', async () => {
    const drilled = await report(['backup', 'drill']);
    expect(drilled.items.map(({ id, status, message }) => `${id} ${status} ${message}`)).toEqual([
      `choose pass ${backups()[0]}, the newest one; its manifest is as it was signed`,
      'fetch pass every file as it was sealed',
      'server pass PostgreSQL 18 with 0 roles',
      'restore pass 1 tables by pg_restore',
      expect.stringMatching(/^compare pass as it was backed up: rows, .*triggers/),
      'immutability skipped dbctl.yaml has no append-only table',
      'ledger skipped nothing was sealed in the ledger',
      expect.stringMatching(/^verify pass \d+ checks run, \d+ left out: nothing at or above medium$/),
      'self-test skipped no table is append-only',
      'amcheck pass heaps and indexes are whole',
    ]);
    expect(drilled.summary['rtoSeconds']).toBeGreaterThan(0);
    const path = drilled.summary['report'] as string;
    const text = readFileSync(path, 'utf8');
    const stored = JSON.parse(text) as DrillReport;
    expect(stored).toMatchObject({ format: 'dbctl-drill/1', ok: true, number: 1, answer: 'passed', previous: null });
    const key = (await report(['ledger', 'key', 'other.pem', '--name', 'other'])).summary['verifierKey'] as string;
    const note = readFileSync(path.replace(/json$/, 'note'), 'utf8');
    expect(() => openNote(note, [key])).toThrow('none of its signatures is of a known key');
    expect(note).toContain(`report ${sha256Of(text)}`);
    expect(readFileSync(path.replace(/json$/, 'md'), 'utf8')).toContain('| compare | passed |');
    const again = await report(['backup', 'drill']);
    const next = JSON.parse(readFileSync(again.summary['report'] as string, 'utf8')) as DrillReport;
    expect(next.previous).toEqual({ id: stored.id, report: sha256Of(text) });
  }, 120_000);
});

describe('a restore', () => {
  it('goes into an empty database, once; never into a protected environment', async () => {
    await onServer(server.url(), 'create database restored');
    expect(await report(['restore', '--env', 'prod', '--yes'])).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect((await dbctl(['restore', '--env', 'staging'])).stderr).toContain('--yes');
    const restored = await report(['restore', '--env', 'staging', '--yes']);
    expect(restored).toMatchObject({ status: 0, summary: { differences: 0 } });
    const again = await report(['restore', '--env', 'staging', '--yes']);
    expect(again).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect(again.error?.message).toContain('it is not empty: it has table t');
    expect((await report(['restore', 'nothing-there', '--env', 'staging', '--yes'])).error?.message).toBe(
      'nightly has no backup nothing-there',
    );
  });

  it('of a backup that was touched is refused before anything is', async () => {
    const [id = ''] = backups();
    const file = join(repository, id, 'schema.sql');
    const whole = readFileSync(file);
    writeFileSync(file, `${whole.toString()}-- more\n`);
    await onServer(server.url(), 'drop database restored', 'create database restored');
    const refused = await report(['restore', '--env', 'staging', '--yes']);
    expect(refused.error?.message).toMatch(/^\S+ is not what was sealed: schema\.sql has \d+ bytes instead of \d+$/);
    const drilled = await report(['backup', 'drill']);
    expect(drilled).toMatchObject({ status: 1, ok: false });
    expect(drilled.items.map(({ id: step, status }) => `${step} ${status}`)).toEqual(['choose pass', 'fetch fail']);
    writeFileSync(file, whole);
    const client = new pg.Client({ connectionString: server.url('restored') });
    await client.connect();
    expect(
      (await client.query(`select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'`))
        .rowCount,
    ).toBe(0);
    await client.end();
  });
});

describe('a run that is killed', () => {
  it('leaves nothing that looks like a backup, wherever it was, and the next run clears up', async () => {
    const before = backups();
    const ends: (number | null)[] = [];
    for (let round = 0; round < 14; round += 1) {
      ends.push((await dbctl(['backup', 'create'], { timeoutMs: 200 + round * 40 })).status);
    }
    expect(ends).toContain(null);
    const finished = ends.filter((status) => status === 0).length;
    // A run may be killed when its backup has its name and its report is not written yet: then it is whole.
    expect(backups().length).toBeGreaterThanOrEqual(before.length + finished);
    expect(await report(['backup', 'verify'])).toMatchObject({ status: 0 });
    expect((await report(['backup', 'create'])).status).toBe(0);
    expect(readdirSync(repository).filter((name) => name.startsWith('.partial'))).toEqual([]);
    const client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await expect
      .poll(
        async () => (await client.query(`select from pg_stat_activity where application_name like 'dbctl backup%'`)).rowCount,
        { timeout: 10_000 },
      )
      .toBe(0);
    await client.end();
  }, 120_000);
});

describe('the password', () => {
  it('is in no argument, environment, report or file while programs run', async () => {
    const seen: string[] = [];
    const watch = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        for (const part of ['cmdline', 'environ']) {
          try {
            const text = readFileSync(`/proc/${pid}/${part}`, 'utf8');
            // Of the test's own processes: dbctl itself has the URL in its environment, as its caller gave it.
            if (/pg_dump|pg_restore|psql/.test(text) && text.includes('hunter2'))
              seen.push(`${part} of ${pid}: ${text.slice(0, 80)}`);
          } catch {
            // It has ended.
          }
        }
      }
    }, 5);
    // Runs that other tests kill leave what they had in the folder for temporary files.
    const own = mkdtempSync(join(tmpdir(), 'dbctl-own-'));
    chmodSync(own, 0o711);
    const env = { SOURCE_URL: url('lab'), TARGET_URL: url('restored'), PATH: process.env['PATH'], TMPDIR: own };
    const made = await report(['backup', 'create', '--log-level', 'debug'], { env });
    const drilled = await report(['backup', 'drill'], { env });
    clearInterval(watch);
    expect([made.status, drilled.status]).toEqual([0, 0]);
    expect(seen).toEqual([]);
    expect(JSON.stringify([made, drilled])).not.toContain('hunter2');
    for (const name of readdirSync(repository, { recursive: true, encoding: 'utf8' })) {
      const path = join(repository, name);
      if (statSync(path).isFile()) expect(readFileSync(path).includes('hunter2'), name).toBe(false);
    }
    const left = readdirSync(own).filter((name) => name.startsWith('dbctl-login-'));
    expect(left).toEqual([]);
    rmSync(own, { recursive: true, force: true });
  }, 120_000);
});

describe('prune and status', () => {
  it('remove what no rule keeps, leave a signed note, and the chain stays whole', async () => {
    const all = backups();
    expect(all.length).toBeGreaterThan(2);
    const held = all[0] ?? '';
    mkdirSync(join(repository, '.holds'), { recursive: true });
    writeFileSync(join(repository, '.holds', held), 'case 4711\n');
    const planned = await report(['backup', 'prune', '--dry-run']);
    expect(planned.summary).toMatchObject({ state: 'planned', removed: all.length - 2 });
    expect(planned.items.find(({ id }) => id === held)?.message).toBe('held: case 4711');
    expect(backups()).toEqual(all);
    expect((await dbctl(['backup', 'prune'])).stderr).toContain('--yes');
    expect((await report(['backup', 'prune', '--yes'])).status).toBe(0);
    expect(backups().toSorted()).toEqual([held, all.at(-1) ?? ''].toSorted());
    expect((await report(['backup', 'verify'])).status).toBe(0);
    // Without the note the gap is one.
    rmSync(join(repository, '.pruned'), { recursive: true });
    const gap = await report(['backup', 'verify']);
    expect(gap.items.filter(({ status }) => status === 'fail').map(({ message }) => message)[0]).toMatch(
      /^the backup before it, \S+, is gone$/,
    );
  }, 60_000);

  it('say no when the newest is too old, broken, or was never tried', async () => {
    expect((await report(['backup', 'status'])).status).toBe(0);
    const metrics = await dbctl(['backup', 'status', '--format', 'prometheus']);
    expect(metrics.stdout).toMatch(/dbctl_backup_age_seconds(?:\{[^}]*\})? \d/);
    const config = readFileSync(join(project, 'dbctl.yaml'), 'utf8');
    writeFileSync(join(project, 'dbctl.yaml'), `${config}  max_age: 1ms\n`);
    expect((await report(['backup', 'status'])).items.find(({ id }) => id === 'backup-age')).toMatchObject({
      status: 'fail',
      fix: 'dbctl backup create',
    });
    writeFileSync(join(project, 'dbctl.yaml'), config);
    for (const name of readdirSync(join(repository, '.drills')).filter((file) => file.endsWith('.json'))) {
      const path = join(repository, '.drills', name);
      writeFileSync(path, readFileSync(path, 'utf8').replace('"operator"', '"Operator"'));
    }
    const forged = await report(['backup', 'status']);
    expect(forged.items.find(({ id }) => id === 'drill-age')).toMatchObject({ status: 'fail', message: 'there is none' });
  });
});
