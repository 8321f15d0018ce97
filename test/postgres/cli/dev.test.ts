import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { ensureBuilt, runCli } from '../../support/cli.ts';

// One project and its development server, through the built program.
let project: string;
let state: string;
const dbctl = (...args: string[]) => runCli(args, { cwd: project, env: { DBCTL_STATE_HOME: state } });
const report = async (...args: string[]): Promise<Report> =>
  JSON.parse((await dbctl(...args, '--format', 'json')).stdout) as Report;
const migration = (name: string, sql: string) => writeFile(join(project, 'migrations', name), sql);
const url = async () => (await dbctl('dev', 'url', '--with-password')).stdout.trim();

beforeAll(async () => {
  await ensureBuilt();
  project = await mkdtemp(join(tmpdir(), 'dbctl-dev-'));
  state = await mkdtemp(join(tmpdir(), 'dbctl-state-'));
  await chmod(state, 0o711);
  await mkdir(join(project, 'migrations', 'seeds'), { recursive: true });
  await writeFile(
    join(project, 'dbctl.yaml'),
    'version: 1\nproject: reset-me\nenvironments:\n  dev: { embedded: true }\n  prod: { url: { variable: X }, protected: true }\n',
  );
  await migration('001.do.a.sql', 'create table a (id int);');
  await writeFile(join(project, 'migrations', 'seeds', 'dev.sql'), 'insert into a select generate_series(1, 10);');
});
afterAll(async () => {
  await dbctl('dev', 'down', '--purge', '--yes');
  await rm(project, { recursive: true, force: true });
  await rm(state, { recursive: true, force: true });
});

async function rows(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: await url() });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('before there is a server', () => {
  it.each([
    [['dev', 'status'], 1, 'there is none'],
    [['dev', 'url'], 3, 'dbctl dev up'],
    [['dev', 'reset'], 3, 'dbctl dev up'],
    [['dev', 'down'], 0, 'was not running'],
    [['migrate', 'status'], 3, 'dbctl dev up'],
    [['dev', 'up', '--engine', 'container'], 4, 'container'],
    [['dev', 'up', '--version', '16'], 2, '18, 17'],
  ])('%j ends with %i', async (args, status, said) => {
    const end = await runCli(args, {
      cwd: project,
      env: { DBCTL_STATE_HOME: state, PATH: `${join(process.execPath, '..')}:/nowhere` },
    });
    expect(end.status).toBe(status);
    expect(end.stdout + end.stderr).toContain(said);
  });
});

describe('dev reset', () => {
  it('makes a fresh database, the second time from the template, while somebody is connected', async () => {
    expect((await dbctl('dev', 'up')).status).toBe(0);
    expect((await report('dev', 'reset', '--seed')).summary).toMatchObject({ database: 'reset_me', built: true });
    expect(await rows('select count(*)::int as n from a')).toEqual([{ n: 10 }]);
    const other = new pg.Client({ connectionString: await url() });
    other.on('error', () => {});
    await other.connect();
    await other.query('delete from a; create table mine ()');
    expect((await report('dev', 'reset', '--seed')).summary).toMatchObject({ built: false });
    await expect(other.query('select 1')).rejects.toThrow();
    expect(await rows(`select (select count(*)::int from a) as n, to_regclass('mine') as mine`)).toEqual([{ n: 10, mine: null }]);
  });

  it('without a seed has no rows, and with a changed migration is built again', async () => {
    expect((await report('dev', 'reset')).summary).toMatchObject({ built: true });
    expect(await rows('select count(*)::int as n from a')).toEqual([{ n: 0 }]);
    await migration('002.do.b.sql', 'create table b ();');
    expect((await report('dev', 'reset')).summary).toMatchObject({ built: true });
    expect(await rows(`select to_regclass('b')::text as b`)).toEqual([{ b: 'b' }]);
  });

  it('whose migration fails leaves the database as it was', async () => {
    await rows('create table kept ()');
    await migration('003.do.c.sql', 'select 1 / 0;');
    const failed = await report('dev', 'reset');
    expect(failed.error).toMatchObject({ code: 'migration.failed', message: '003.do.c.sql: division by zero' });
    expect(await rows(`select to_regclass('kept')::text as kept`)).toEqual([{ kept: 'kept' }]);
    await rm(join(project, 'migrations', '003.do.c.sql'));
  });

  it('of a seed there is not touches nothing, and neither does a dry run', async () => {
    await rows('create table if not exists kept ()');
    expect((await report('dev', 'reset', '--seed', 'demmo')).error).toMatchObject({ code: 'config.invalid' });
    const dry = await report('dev', 'reset', '--dry-run');
    expect(dry.items.map(({ id }) => id)).toContain('swap');
    expect(await rows(`select to_regclass('kept')::text as kept`)).toEqual([{ kept: 'kept' }]);
  });

  it('is refused where --env names a protected environment', async () => {
    expect((await report('dev', 'reset', '--env', 'prod')).error).toMatchObject({ code: 'refused' });
  });
});

describe('its password', () => {
  it('is in no URL unless asked for, and psql-like clients find it in the file', async () => {
    const { stdout } = await dbctl('dev', 'url');
    expect(stdout).toMatch(/^postgresql:\/\/postgres@127\.0\.0\.1:\d+\/reset_me\?passfile=\S+\n$/);
    const plain = await runCli(['migrate', 'status', '--config', join(project, 'other.yaml'), '--format', 'json'], {
      cwd: project,
      env: { DATABASE_URL: stdout.trim() },
    });
    // That file does not exist: the URL itself is tried through an environment that reads it.
    expect(plain.status).toBe(2);
    await writeFile(
      join(project, 'other.yaml'),
      'version: 1\nproject: x\nenvironments:\n  dev: { url: { variable: DATABASE_URL } }\n',
    );
    const found = await runCli(['migrate', 'status', '--config', 'other.yaml', '--format', 'json'], {
      cwd: project,
      env: { DATABASE_URL: stdout.trim() },
    });
    expect((JSON.parse(found.stdout) as Report).summary).toMatchObject({ applied: 2 });
  });

  it('is on no command line while servers are made, started and reset, and in no file others can read', async () => {
    const password = decodeURIComponent(new URL(await url()).password);
    expect(password.length).toBeGreaterThanOrEqual(16);
    const seen: string[] = [];
    const watch = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          if (words.includes(password)) seen.push(words);
        } catch {
          // It ended.
        }
      }
    }, 10);
    await dbctl('dev', 'down');
    await dbctl('dev', 'up');
    await dbctl('dev', 'reset', '--seed');
    clearInterval(watch);
    expect(seen).toEqual([]);
    for (const entry of await readdir(state, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || path.includes('/data/')) continue;
      if ((await readFile(path, 'utf8')).includes(password)) expect((await stat(path)).mode & 0o777, path).toBe(0o600);
    }
  }, 60_000);
});

describe('dev down --purge', () => {
  it('asks, and where nobody can answer does nothing', async () => {
    const end = await dbctl('dev', 'down', '--purge');
    expect(end.status).toBe(5);
    expect(end.stderr.replaceAll(/\s+/g, ' ')).toContain('nobody is at the terminal to answer');
    expect((await dbctl('dev', 'status')).status).toBe(0);
  });

  it('with --yes leaves nothing', async () => {
    expect((await dbctl('dev', 'down', '--purge', '--yes')).status).toBe(0);
    expect((await dbctl('dev', 'status')).status).toBe(1);
  });
});
