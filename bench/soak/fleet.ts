import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from '../../src/core/report.ts';
import { runProgram } from '../../test/support/cli.ts';
import { databaseUrl, onServer } from '../../test/support/connection.ts';
import { checkText, PLANTED } from '../../test/postgres/fleet/planted.ts';
import { withServer } from '../../test/support/server.ts';
import { withSilentServer } from '../../test/support/silent-server.ts';
import { withProxy, type Proxy } from '../migrate/proxy.ts';

const USAGE = `usage: npm run soak -- fleet [options]
  --databases N    databases on one server (default 200), 8 MB each
  --parallel LIST  how many at a time (default 1,2,4,8,16,32)
  --delay MS       added to every answer of the server by a proxy (default 20)`;

/** `npm run soak -- fleet`: the whole catalogue over a database for each target, with planted faults, and what running them at once brings. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      databases: { type: 'string', default: '200' },
      parallel: { type: 'string', default: '1,2,4,8,16,32' },
      delay: { type: 'string', default: '20' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const size = Number(values.databases);
  const folder = await mkdtemp(join(tmpdir(), 'dbctl-soak-fleet-'));
  try {
    await withServer({ settings: { max_connections: '100' } }, async (server) => {
      await makeDatabases(server.url(), size);
      await withProxy(server.port, async (proxy) => {
        for (const delayMs of [0, Number(values.delay)]) {
          console.log(
            `\n${size} databases, ${delayMs} ms added to each answer\nat a time      time  targets/s  round trips each`,
          );
          for (const parallel of values.parallel.split(','))
            await measure({ folder, url: server.url(), size, proxy, delayMs, parallel });
        }
      });
      await faults(folder, server.url(), size);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const nameOf = (index: number): string => `fleet_${String(index).padStart(3, '0')}`;

async function makeDatabases(url: string, size: number): Promise<void> {
  const started = performance.now();
  const waiting = Array.from({ length: size }, (_, index) => nameOf(index)).values();
  const work = async (): Promise<void> => {
    for (const name of waiting) await onServer(url, `create database ${name} template template0`);
  };
  await Promise.all([work(), work(), work(), work()]);
  console.log(`${size} databases made in ${seconds(performance.now() - started)}`);
}

interface Sample {
  readonly folder: string;
  readonly url: string;
  readonly size: number;
  readonly proxy: Proxy;
  readonly delayMs: number;
  readonly parallel: string;
}

async function measure({ folder, url, size, proxy, delayMs, parallel }: Sample): Promise<void> {
  const through = new URL(url);
  through.port = String(proxy.port);
  await proxy.reset(delayMs);
  const targets = Array.from({ length: size }, (_, index) => ({
    name: nameOf(index),
    database: nameOf(index),
    url: { variable: 'FLEET_URL' },
  }));
  const report = await verify(folder, targets, ['--parallel', parallel], { FLEET_URL: `${through.href}?sslmode=disable` });
  if (report.summary['answered'] !== size) throw new Error(`${JSON.stringify(report.error)}: not every target was looked at`);
  const { roundTrips } = await proxy.traffic();
  const rate = ((size / report.durationMs) * 1000).toFixed(1);
  console.log(
    `${parallel.padStart(9)}  ${seconds(report.durationMs).padStart(8)}  ${rate.padStart(9)}  ${(roundTrips / size).toFixed(1).padStart(16)}`,
  );
}

/** What must be in the report, and that nothing else is: the same as the test's, with a database for each target. */
async function faults(folder: string, url: string, size: number): Promise<void> {
  const planted = [3, size - 2];
  for (const index of planted) await onServer(databaseUrl(url, nameOf(index)), 'create table planted (id int)');
  await mkdir(join(folder, 'checks'));
  await writeFile(join(folder, 'checks', 'planted.sql'), checkText('planted', PLANTED));
  const wrong = new URL(url);
  wrong.password = 'not-the-password';
  await withSilentServer(undefined, async ({ port }) => {
    const targets: object[] = Array.from({ length: size }, (_, index) => ({
      name: nameOf(index),
      database: nameOf(index),
      url: { variable: 'FLEET_URL' },
    }));
    targets.push({ name: 'gone', database: 'not_there', url: { variable: 'FLEET_URL' } });
    targets.push({ name: 'denied', url: { variable: 'WRONG_URL' } }, { name: 'silent', url: { variable: 'SILENT_URL' } });
    const variables = {
      FLEET_URL: url,
      WRONG_URL: wrong.href,
      SILENT_URL: `postgresql://postgres@127.0.0.1:${port}/app?sslmode=disable`,
    };
    const args = ['--only', 'planted', '--target-timeout', '10s'];
    const report = await verify(folder, targets, args, variables);
    const found = report.items
      .filter(({ status }) => status !== 'pass')
      .map(({ target, status, id }) => `${typeof target === 'string' ? target : ''} ${status} ${id}`);
    const wanted = [
      ...planted.map((index) => `${nameOf(index)} fail planted`),
      ...['gone', 'denied', 'silent'].map((name) => `${name} unknown target-seen`),
    ];
    if (found.join() !== wanted.join()) throw new Error(`found ${found.join(', ')}; wanted ${wanted.join(', ')}`);
    console.log(
      `\nplanted faults in ${targets.length} targets: exactly the ${wanted.length} of them found, exit ${report.exitCode}`,
    );
  });
}

async function verify(
  folder: string,
  targets: readonly object[],
  args: readonly string[],
  env: Record<string, string>,
): Promise<Report> {
  await writeFile(join(folder, 'dbctl.yaml'), 'version: 1\nproject: fleet\n');
  await writeFile(
    join(folder, 'targets.yaml'),
    `version: 1\ntargets:\n${targets.map((target) => `  - ${JSON.stringify(target)}\n`).join('')}`,
  );
  const command = ['verify', '--targets', 'targets.yaml', '--format', 'json', '--quiet', ...args];
  const { stdout, stderr } = await runProgram(command, { cwd: folder, env, timeoutMs: 600_000 });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
