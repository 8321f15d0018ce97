import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import type { TestServer } from '../../test/support/server.ts';
import type { Proxy } from './proxy.ts';
import type { Address, Invocation, Runner } from './runner.ts';
import { COUNT_APPLIED, scripts } from './script.ts';

export interface Timed {
  /** From the start of the process to its end. */
  readonly ms: number;
  /** Undefined when the run went to the server directly. */
  readonly roundTrips: number | undefined;
}

export interface Sample {
  readonly runner: string;
  readonly count: number;
  readonly latencyMs: number;
  readonly round: number;
  readonly apply: Timed | undefined;
  /** A second run, with nothing left to do. */
  readonly again: Timed | undefined;
  /** Why the sample does not count. */
  readonly failure: string | undefined;
}

/** One run of one tool. */
export interface Trial {
  readonly runner: Runner;
  readonly count: number;
  readonly latencyMs: number;
  readonly round: number;
  /** Goes through the proxy although there is no latency to add: to count round trips. */
  readonly proxied: boolean;
  /** One more migration is applied before the clock starts. */
  readonly history: boolean;
}

export interface Bench {
  readonly server: TestServer;
  readonly proxy: Proxy;
  /** Holds the project of every tool and count, see {@link prepareProject}. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Longer than the slowest tool needs for a thousand migrations at 10 ms, several times over. */
const TIMEOUT_MS = 600_000;

const projectFolder = (folder: string, runner: Runner, count: number): string =>
  join(folder, `${runner.name.replaceAll(' ', '')}-${count}`);

/** Writes the project of a tool with `count` migrations. A longer project begins with the migrations of a shorter one. */
export async function prepareProject(folder: string, runner: Runner, count: number): Promise<void> {
  const project = projectFolder(folder, runner, count);
  for (const [path, content] of runner.files(scripts(count))) {
    const file = join(project, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

/**
 * Applies all migrations to a database made for it, then runs the tool again. What failed, or did not apply every migration, has
 * no time: `failure` says why. Rejects only when the bench itself is broken or stopped.
 */
export async function measure(bench: Bench, trial: Trial): Promise<Sample> {
  const { runner, count, latencyMs, round } = trial;
  const sample = { runner: runner.name, count, latencyMs, round };
  const database = await freshDatabase(bench.server);
  try {
    const before = trial.history ? 1 : 0;
    if (before > 0) await timed(bench, { ...trial, latencyMs: 0, proxied: false }, database, 0, before);
    const apply = await timed(bench, trial, database, before, before + count);
    await expectApplied(bench.server, database, before + count);
    if (!runner.keepsHistory) return { ...sample, apply, again: undefined, failure: undefined };
    const again = await timed(bench, trial, database, before + count, before + count);
    await expectApplied(bench.server, database, before + count);
    return { ...sample, apply, again, failure: undefined };
  } catch (thrown) {
    bench.signal.throwIfAborted();
    return { ...sample, apply: undefined, again: undefined, failure: (thrown as Error).message };
  } finally {
    await onServer(bench.server, 'postgres', `drop database ${database} with (force)`);
  }
}

/** Checkpointed, so that no run pays for what the one before left in memory. */
async function freshDatabase(server: TestServer): Promise<string> {
  const name = 'bench';
  await onServer(server, 'postgres', `create database ${name} template template0`);
  await onServer(server, 'postgres', 'checkpoint');
  return name;
}

async function expectApplied(server: TestServer, database: string, count: number): Promise<void> {
  const [row] = await onServer(server, database, COUNT_APPLIED);
  const applied = Number(row?.['applied']);
  if (applied !== count) throw new Error(`it ended well, but ${applied} of ${count} migrations are there`);
}

/** Runs the tool in its project of `to` migrations, of which `from` are applied. */
async function timed(bench: Bench, trial: Trial, database: string, from: number, to: number): Promise<Timed> {
  const proxied = trial.proxied || trial.latencyMs > 0;
  if (proxied) await bench.proxy.reset(trial.latencyMs);
  const { port, password } = bench.server;
  const address: Address = {
    host: '127.0.0.1',
    port: proxied ? bench.proxy.port : port,
    user: 'postgres',
    password,
    database,
  };
  const project = projectFolder(bench.folder, trial.runner, to);
  const ms = await runProcess(trial.runner.invoke(address, scripts(to).slice(from)), project, bench.signal);
  return { ms, roundTrips: proxied ? (await bench.proxy.traffic()).roundTrips : undefined };
}

/** Output goes to a file: this process must have nothing to read while the clock runs. */
async function runProcess({ program, args, env }: Invocation, cwd: string, stop: AbortSignal): Promise<number> {
  const log = join(cwd, 'output.log');
  const output = openSync(log, 'w', 0o600);
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const started = performance.now();
    const child = spawn(program, args, { cwd, env: { ...bareEnvironment(), ...env }, stdio: ['ignore', output, output], signal });
    const [code, killed] = (await once(child, 'exit')) as [number | null, string | null];
    const ms = performance.now() - started;
    if (code !== 0) throw new Error(`it ended with ${code ?? killed}: ${lastLines(log)}`);
    return ms;
  } finally {
    closeSync(output);
  }
}

/** Nothing of the caller's that would point a tool at another server or switch its behaviour. */
function bareEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, LANG: 'C.UTF-8' };
}

const lastLines = (file: string): string => readFileSync(file, 'utf8').trim().split('\n').slice(-4).join(' | ').slice(0, 400);

/** Runs one statement on a connection of its own; returns its rows. */
export async function onServer(
  server: TestServer,
  database: string,
  statement: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
