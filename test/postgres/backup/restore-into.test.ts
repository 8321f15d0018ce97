import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';
import { guardServers } from '../../support/watchdog.ts';

/** A server of its own with a backup in it, as a person asks for it and gets rid of it. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-look-'));
const state = mkdtempSync(join(tmpdir(), 'dbctl-st-'));
const endServers = guardServers(state);
const env = () => ({ SOURCE_URL: server.url('lab'), DBCTL_STATE_HOME: state, PATH: process.env['PATH'] });
const dbctl = (args: readonly string[]) => runCli(args, { cwd: project, env: env(), timeoutMs: 120_000 });
async function report(args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await dbctl([...args, '--format', 'json']);
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}
async function done(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await dbctl(args);
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
async function valueOf(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}
/** What the notes under the answer tell a person to type. */
function told(stdout: string, word: string): string[] {
  const line = stdout.split('\n').find((text) => text.includes(`dbctl dev ${word} `)) ?? '';
  return (/dbctl (dev [^)"]+)/.exec(line)?.[1] ?? `nothing about ${word}`).trim().split(' ');
}

beforeAll(async () => {
  chmodSync(state, 0o711);
  [server] = await Promise.all([
    startServer({
      settings: { wal_level: 'replica', max_wal_senders: '4', archive_mode: 'on', archive_command: 'cp "%p" "$PWD/../spool/%f"' },
      prepare: async (made) => void (await made.giveFolder('spool')),
    }),
    clientTools(),
  ]);
  await onServer(server.url(), 'create database lab', 'create role lab_owner', 'alter database lab owner to lab_owner');
  await onServer(
    server.url('lab'),
    'create table t (id int primary key, note text)',
    `insert into t values (1, 'dumped')`,
    'alter table t owner to lab_owner',
  );
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: look-at-it
environments: { dev: { url: { variable: SOURCE_URL } } }
backup:
  repositories: [{ name: nightly, type: folder, path: backups }]
  signer: { name: cli-backup, key: { file: key.pem } }
`,
  );
  await done('ledger', 'key', 'key.pem', '--name', 'cli-backup');
}, 240_000);
afterAll(async () => {
  await server.stop();
  await endServers();
  rmSync(project, { recursive: true, force: true });
});

const looks = () => readdirSync(join(state, 'dev')).filter((name) => !name.endsWith('.lock'));

describe('restore --into embedded', () => {
  it.each<[readonly string[], string]>([
    [['--into', 'embedded', '--data', '/tmp/x'], '--data and --into are two places: name one'],
    [['--into', 'embedded', '--table', 'public.t'], '--table and --schema go into a database, not with --data or --into'],
    [['--to', 'latest'], '--to goes with --data or --into: a dump is of one moment'],
    [['--into', 'embedded', '--timeline', '2'], '--timeline goes with --to'],
  ])('is not asked with %j', async (args, message) => {
    expect(await report(['restore', ...args])).toMatchObject({ status: 2, error: { code: 'usage', message } });
  });

  it('of a dump: compared, reached by the URL that is told, gone when it is told to go', async () => {
    await done('backup', 'create');
    expect(await done('restore', '--into', 'embedded', '--dry-run')).toContain(
      'would be restored on a server of PostgreSQL 18 of its own',
    );
    const shown = await done('restore', '--into', 'embedded');
    expect(shown).toMatch(/rows +1 in 1 tables/);
    expect(shown).not.toContain('postgresql://');
    const url = (await done(...told(shown, 'url'), '--with-password')).trim();
    expect(await valueOf(url, 'select note from t')).toBe('dumped');
    expect(await valueOf(url, `select tableowner from pg_tables where tablename = 't'`)).toBe('lab_owner');
    const again = await report(['restore', '--into', 'embedded']);
    expect(again).toMatchObject({
      status: 5,
      error: { message: expect.stringMatching(/^lab-\S+ is there to be looked into already$/) },
    });
    await done(...told(shown, 'down'), '--yes');
    expect(looks()).toEqual([]);
    await expect(valueOf(url, 'select 1')).rejects.toThrow();
  }, 120_000);

  it('of a dump this machine cannot restore leaves no server behind', async () => {
    const id = readdirSync(join(project, 'backups')).find((name) => name.startsWith('lab-')) ?? '';
    const file = join(project, 'backups', id, 'globals.sql');
    const whole = readFileSync(file);
    writeFileSync(file, `${whole.toString()}-- more\n`);
    const refused = await report(['restore', '--into', 'embedded']);
    writeFileSync(file, whole);
    expect(refused).toMatchObject({
      status: 4,
      error: { code: 'backup.failed', message: expect.stringContaining('globals.sql') },
    });
    expect(looks()).toEqual([]);
  }, 120_000);

  it('of the files of a server, at a point in time', async () => {
    await done('backup', 'create', '--type', 'physical');
    await onServer(server.url('lab'), `insert into t values (2, 'archived')`);
    const between = String(
      await valueOf(server.url('lab'), `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`),
    );
    await onServer(server.url('lab'), `insert into t values (3, 'later')`, 'create table mistake ()', 'select pg_switch_wal()');
    const last = String(await valueOf(server.url('lab'), 'select pg_walfile_name(pg_current_wal_lsn() - 1)'));
    const spool = join(server.folder, 'spool');
    // The archiver may be further already: the server writes by itself, too.
    const archivedUpTo = () => valueOf(server.url('lab'), `select last_archived_wal >= '${last}' from pg_stat_archiver`);
    await expect.poll(archivedUpTo, { timeout: 60_000 }).toBe(true);
    for (const name of readdirSync(spool).toSorted()) await done('wal', 'push', join(spool, name));
    const archived = readdirSync(spool).length;

    const shown = await done('restore', '--into', 'embedded', '--to', between);
    const url = (await done(...told(shown, 'url'), '--with-password')).trim();
    expect(await valueOf(url, 'select string_agg(note, $$ $$ order by id) from t')).toBe('dumped archived');
    expect(await valueOf(url, `select current_setting('archive_mode') || current_setting('primary_conninfo')`)).toBe('off');
    // Its own writes go nowhere: a copy that archives would end the archive of production.
    await onServer(url, `insert into t values (4, 'looked')`, 'select pg_switch_wal()');
    expect(readdirSync(spool).length).toBe(archived);
    await done(...told(shown, 'down'), '--yes');
    expect(looks()).toEqual([]);
  }, 180_000);

  it('starts nothing where the log does not lead to the point', async () => {
    const refused = await report(['restore', '--into', 'embedded', '--to', '2099-01-01T00:00Z']);
    expect(refused.status).toBe(5);
    expect(existsSync(join(state, 'dev')) ? looks() : []).toEqual([]);
  });
});
