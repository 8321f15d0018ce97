import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { ensureBuilt, runProgram } from '../../support/cli.ts';

// A password that turns up anywhere but in the server is a failure of this test.
const CANARY = 'canary-Pa55/w@rd%';
let database: TestDatabase;
let project: string;
let url: string;
let wrong: string;

beforeAll(async () => {
  await ensureBuilt();
  database = await createTestDatabase();
  const pg = await import('pg');
  const client = new pg.default.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`create role "${database.name}" login superuser password '${CANARY}'`);
  await client.end();
  const address = new URL(database.url);
  address.username = database.name;
  address.password = encodeURIComponent(CANARY);
  url = address.href;
  address.password = encodeURIComponent(`${CANARY}x`);
  wrong = address.href;
  project = mkdtempSync(join(tmpdir(), 'dbctl-canary-'));
  writeFileSync(
    join(project, 'dbctl.yaml'),
    'version: 1\nproject: canary\nenvironments:\n  dev: { url: { variable: DATABASE_URL } }\n  file: { url: { file: secret } }\n',
  );
  writeFileSync(join(project, 'secret'), `${url}\n`, { mode: 0o600 });
  (await import('node:fs')).mkdirSync(join(project, 'migrations'));
  writeFileSync(join(project, 'migrations', '001.do.a.sql'), 'create table a (); select pg_sleep(1);');
});
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  const pg = await import('pg');
  const client = new pg.default.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    `reassign owned by "${database.name}" to postgres; drop owned by "${database.name}"; drop role "${database.name}"`,
  );
  await client.end();
  await database.drop();
});

const FORMS = [CANARY, encodeURIComponent(CANARY), encodeURI(CANARY), 'canary-Pa55'];
const leaks = (text: string): readonly string[] => FORMS.filter((form) => text.includes(form));

/** Every command line of this machine, as any user sees it with ps. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .join('\n');
}

describe('a password', () => {
  const formats = ['human', 'json', 'ndjson', 'junit', 'sarif', 'github', 'tap', 'markdown', 'prometheus'];
  const cases: readonly (readonly [name: string, args: readonly string[], env: () => Record<string, string>])[] = [
    ...formats.map(
      (format) =>
        [
          `in a URL, ${format}`,
          ['migrate', 'status', '--format', format, '--log-level', 'debug'],
          () => ({ DATABASE_URL: url }),
        ] as const,
    ),
    ...formats.map(
      (format) =>
        [
          `that is wrong, ${format}`,
          ['migrate', 'status', '--format', format, '--log-level', 'debug', '--log-format', 'json'],
          () => ({ DATABASE_URL: wrong }),
        ] as const,
    ),
    ['in a file', ['migrate', 'status', '--env', 'file', '--format', 'json'], () => ({})],
    ['in config show', ['config', 'show', '--format', 'json'], () => ({ DATABASE_URL: url })],
    ['in doctor', ['doctor', '--format', 'json'], () => ({ DATABASE_URL: url, PGPASSWORD: CANARY, DB_PASSWORD: CANARY })],
    ['of an unreachable server', ['doctor'], () => ({ DATABASE_URL: url.replace(/:\d+\//, ':1/') })],
    [
      'in a URL that does not parse',
      ['migrate', 'status'],
      () => ({ DATABASE_URL: url.replace('postgresql://', 'postgrsql://') }),
    ],
    ['in a URL with a bad port', ['migrate', 'status'], () => ({ DATABASE_URL: url.replace(/:\d+\//, ':x1/') })],
    ['given on the command line', ['migrate', 'status', `postgresql://a:${CANARY}@h/d`], () => ({})],
    ['given as an option', ['migrate', 'status', `--password=${CANARY}`], () => ({})],
  ];
  it.each(cases)('%s appears nowhere', async (_name, args, env) => {
    const out = join(project, 'report.json');
    const { stdout, stderr } = await runProgram([...args, '--out', `json=${out}`], { cwd: project, env: { ...env(), CI: '1' } });
    expect(stdout + stderr).not.toBe('');
    expect(leaks(stdout)).toEqual([]);
    expect(leaks(stderr)).toEqual([]);
    try {
      expect(leaks(readFileSync(out, 'utf8'))).toEqual([]);
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOENT');
    }
    rmSync(out, { force: true });
  });

  it('appears in no command line while a migration runs, and in no file afterwards', async () => {
    const child = spawn(process.execPath, ['bin/dbctl.js', 'migrate', 'up', '--config', join(project, 'dbctl.yaml')], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], DATABASE_URL: url },
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const seen: string[] = [];
    const watch = setInterval(() => seen.push(...leaks(commandLines())), 20);
    expect(await ended).toBe(0);
    clearInterval(watch);
    expect(seen).toEqual([]);
    const files = readdirSync(project, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name !== 'secret',
    );
    for (const file of files) expect(leaks(readFileSync(join(file.parentPath, file.name), 'utf8'))).toEqual([]);
    const stored = await (async () => {
      const pg = await import('pg');
      const client = new pg.default.Client({ connectionString: database.url });
      await client.connect();
      const { rows } = await client.query(`select coalesce(string_agg(l::text, ''), '') as text from dbctl.migration_log l`);
      await client.end();
      return String(rows[0].text);
    })();
    expect(stored).toContain('001.do.a.sql');
    expect(leaks(stored)).toEqual([]);
  });
});
