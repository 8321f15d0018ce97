import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import { findGaps } from '../../../src/ops/wal/segment.ts';
import { ensureBuilt } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import type { TestServer } from '../../support/server.ts';
import { ask, expectSame, startWalServer, storedSegments, until } from './support.ts';

const KILLS = 8;
let server: TestServer;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-receive-'));
const repository = folderRepository('here', join(folder, 'backups'));

beforeAll(async () => {
  await ensureBuilt();
  server = await startWalServer();
  mkdirSync(repository.folder);
  writeFileSync(
    join(folder, 'dbctl.yaml'),
    'version: 1\nproject: wal\nbackup: { repositories: [{ name: here, type: folder, path: backups }] }\n',
  );
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly said: () => string;
  readonly answer: () => string;
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

function start(...args: readonly string[]): Run {
  const program = join(import.meta.dirname, '../../../bin/dbctl.js');
  const child = spawn(
    process.execPath,
    [program, 'wal', 'receive', '--slot', 'crash', '--create-slot', '--format', 'json', ...args],
    {
      cwd: folder,
      env: { PATH: process.env['PATH'], DATABASE_URL: server.url() },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { said: () => said.out + said.err, answer: () => said.out, ended, kill: (signal) => child.kill(signal) };
}

/** Commits without a pause until it is told to end. How many rows it wrote. */
async function load(going: () => boolean): Promise<void> {
  while (going()) {
    await onServer(server.url(), `insert into busy select n, repeat(md5(n::text), 8) from generate_series(1, 20000) n`);
  }
}

it(`loses nothing when it is killed ${KILLS} times under load, and ends cleanly on SIGTERM`, async () => {
  await onServer(server.url(), 'create table busy (id int, note text)');
  const first = start('--once');
  expect(await first.ended, first.said()).toBe(0);
  let going = true;
  const loaded = load(() => going);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const run = start();
    // Anywhere: before the connection, in the middle of a segment, while one is stored, at its end.
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 1_600));
    run.kill('SIGKILL');
    await run.ended;
    // Nothing half is ever seen as a segment.
    await storedSegments(repository);
  }
  const last = start();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  going = false;
  await loaded;
  const goal = await ask(server, 'select pg_walfile_name(pg_switch_wal())');
  await until(`${goal} is stored`, async () => (await storedSegments(repository)).includes(goal), 30);
  last.kill('SIGTERM');
  expect(await last.ended, last.said()).toBe(0);
  const report = JSON.parse(last.answer()) as Report;
  expect(report).toMatchObject({ ok: true, summary: { why: 'stopped' } });
  const stored = await storedSegments(repository);
  expect(findGaps(stored, 16 << 20)).toEqual([]);
  expect(stored.length).toBeGreaterThan(5);
  expect(await expectSame(repository, server)).toBe(stored.length);
  const spool = join(folder, '.dbctl', 'wal', 'here');
  expect(readdirSync(spool).filter((name) => !name.endsWith('.partial'))).toEqual([]);
  // The lock of a killed run is taken over, and the last one gives it back.
  expect(readdirSync(repository.folder, { recursive: true }).filter((name) => String(name).endsWith('.lock'))).toEqual([]);
}, 120_000);
