import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { ask } from '../../support/dev-project.ts';
import { faultsOf } from '../../support/faults.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** A restore that is killed in the middle: the half it leaves must not pass for a database. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-killed-'));
const env = () => ({
  SOURCE_URL: server.url('lab'),
  AGAIN_URL: server.url('again'),
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
});
async function report(...args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: env(),
    timeoutMs: 120_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}

beforeAll(async () => {
  [server] = await Promise.all([startServer(), clientTools()]);
  await onServer(server.url(), 'create database lab', 'create database again');
  await onServer(
    server.url('lab'),
    'create table wide (id int primary key, note text)',
    `insert into wide select n, (select string_agg(md5(n::text || m), '') from generate_series(1, 30) m) from generate_series(1, 60000) n`,
    'create function refuse() returns trigger language plpgsql as $$ begin raise exception $a$append only$a$; end $$',
    'create trigger guard before update or delete on wide for each row execute function refuse()',
    'alter table wide enable always trigger guard',
  );
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: killed
environments:
  dev: { url: { variable: SOURCE_URL } }
  again: { url: { variable: AGAIN_URL } }
backup:
  repositories: [{ name: here, type: folder, path: backups }]
  signer: { name: killed, key: { file: key.pem } }
`,
  );
  await report('ledger', 'key', 'key.pem', '--name', 'killed');
  expect((await report('backup', 'create')).status).toBe(0);
}, 180_000);
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

const sessionsOf = (query: string) =>
  ask(server, `select count(*)::int from pg_stat_activity where datname = 'again' and ${query}`);

/** SIGKILL to dbctl alone, as soon as a session in the database does such a thing. */
async function killWhile(query: string): Promise<NodeJS.Signals | null> {
  const bin = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));
  const child = spawn(process.execPath, [bin, 'restore', '--env', 'again', '--yes'], {
    cwd: project,
    env: env(),
    stdio: 'ignore',
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_, signal) => resolve(signal)));
  while (child.exitCode === null && (await sessionsOf(query)) === 0) await sleep(1);
  child.kill('SIGKILL');
  return ended;
}

describe('a restore that is killed', () => {
  faultsOf('SIGKILL');

  it('while rows come leaves a database that says so, to a restore and to a backup, and can be begun again as the hint says', async () => {
    expect(await killWhile(`query ~* '^copy '`)).toBe('SIGKILL');
    // pg_restore is no part of dbctl: it may well go on to the end by itself.
    for (let waited = 0; (await sessionsOf('true')) !== 0 && waited < 200; waited += 1) await sleep(50);
    const half = /^the restore of lab-\S+ into again did not end: it may be half made, and was not compared$/;
    const refused = await report('restore', '--env', 'again', '--dry-run');
    expect(refused).toMatchObject({ status: 5, error: { code: 'refused', message: expect.stringMatching(half) } });
    expect(await report('restore', '--env', 'again', '--yes')).toMatchObject({
      status: 5,
      error: { message: expect.stringMatching(half) },
    });
    expect(await report('backup', 'create', '--env', 'again')).toMatchObject({
      status: 5,
      error: { message: expect.stringMatching(half) },
    });
    const statements = (/^Drop it and begin again: (drop database .*)$/.exec(refused.error?.hint ?? '')?.[1] ?? 'no hint').split(
      '; ',
    );
    await onServer(server.url(), ...statements);
    expect(await report('restore', '--env', 'again', '--yes')).toMatchObject({ status: 0, summary: { differences: 0 } });
    expect(await ask(server, `select tgenabled::text from pg_trigger where tgname = 'guard'`, 'again')).toBe('A');
    expect(await ask(server, 'select count(*)::int from pg_db_role_setting')).toBe(0);
  });

  it('leaves the same where every row is there and the comparison is not at its end', async () => {
    await onServer(server.url(), 'drop database again with (force)', 'create database again');
    expect(await killWhile(`query ~ 'hash_record_extended' and state = 'active'`)).toBe('SIGKILL');
    for (let waited = 0; (await sessionsOf('true')) !== 0 && waited < 200; waited += 1) await sleep(50);
    // Everything is made: only what was not compared is missing.
    expect(await ask(server, `select tgenabled::text from pg_trigger where tgname = 'guard'`, 'again')).toBe('A');
    expect(await report('restore', '--env', 'again', '--yes')).toMatchObject({
      status: 5,
      error: { message: expect.stringMatching(/^the restore of lab-\S+ into again did not end: it may be half made/) },
    });
  });

  it('and one whose program fails leaves the same', async () => {
    await onServer(server.url(), 'drop database again with (force)', 'create database again');
    const stop = new AbortController();
    const killed = (async () => {
      const copying = `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'again' and query ~* '^copy '`;
      while (!stop.signal.aborted && (await ask(server, copying)) !== true) await sleep(1);
    })();
    const failed = await report('restore', '--env', 'again', '--yes');
    stop.abort();
    await killed;
    expect(failed).toMatchObject({ status: 4, error: { hint: expect.stringContaining('The database is half made: drop it') } });
    expect(await ask(server, `select count(*)::int from pg_trigger where tgname = 'guard'`, 'again')).toBe(0);
    expect((await report('restore', '--env', 'again', '--yes')).error?.message).toContain('into again did not end: ');
  });
});
