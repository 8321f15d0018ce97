import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withServer } from '../test/support/server.ts';
import { measure, onServer, prepareProject, type Bench, type Sample, type Trial } from './migrate/measure.ts';
import { parseOptions, USAGE, type MigrateBenchOptions } from './migrate/options.ts';
import { withProxy } from './migrate/proxy.ts';
import type { Runner } from './migrate/runner.ts';
import { RUNNERS } from './migrate/runners.ts';
import { fasterThanDbctl, linesOf, ratioTable, tableOf } from './migrate/summary.ts';

/** Applying many small migrations: dbctl beside other tools, on one server, in one run. Prints tables; see docs/benchmarks.md. */
export async function run(args: readonly string[]): Promise<void> {
  const options = optionsOrUsage(args);
  if (options === undefined) return;
  const runners = installed(options.only);
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit', cwd: fileURLToPath(new URL('..', import.meta.url)) });
  await untilSignal((signal) =>
    withFolder((folder) =>
      withServer({ durable: options.fsync }, (server) =>
        withProxy(server.port, async (proxy) => {
          const bench: Bench = { server, proxy, folder, signal };
          for (const runner of runners) for (const count of projectSizes(options)) await prepareProject(folder, runner, count);
          const [version] = await onServer(server, 'postgres', 'show server_version');
          const samples = await measureAll(bench, trialsOf(runners, options));
          report(`PostgreSQL ${String(version?.['server_version'])}`, runners, samples, options);
          if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify({ options, samples }, null, 2)}\n`);
        }),
      ),
    ),
  );
}

const projectSizes = ({ counts, history }: MigrateBenchOptions): readonly number[] =>
  history ? [1, ...counts.map((count) => count + 1)] : counts;

function optionsOrUsage(args: readonly string[]): MigrateBenchOptions | undefined {
  try {
    const options = parseOptions(args);
    if (options !== 'help') return options;
    console.log(USAGE);
  } catch (thrown) {
    console.error(`${(thrown as Error).message}\n${USAGE}`);
    process.exitCode = 2;
  }
  return undefined;
}

/** Says which tools are measured, and how to install those that are missing. */
function installed(only: readonly string[] | undefined): readonly Runner[] {
  const asked = RUNNERS.filter(({ name }) => name === 'dbctl' || only === undefined || only.includes(name));
  return asked.filter((runner) => {
    const found = runner.find();
    const missing = 'install' in found;
    console.log(`${runner.name.padEnd(18)}${missing ? `not installed: ${found.install}` : found.version}`);
    return !missing;
  });
}

/**
 * Round by round, every tool once a round, another one first each time: a busy minute of the machine hits all of them. Where no
 * latency is asked for, round 0 counts the round trips and its times are not used.
 */
function trialsOf(runners: readonly Runner[], { counts, latencies, rounds, history }: MigrateBenchOptions): readonly Trial[] {
  const onlyDirect = latencies.every((latencyMs) => latencyMs === 0);
  return counts.flatMap((count) =>
    latencies.flatMap((latencyMs) => {
      const last = rounds ?? (latencyMs === 0 ? 3 : 1);
      return Array.from({ length: last + 1 }, (_, round) => round)
        .filter((round) => round > 0 || onlyDirect)
        .flatMap((round) =>
          rotated(runners, round).map((runner) => ({ runner, count, latencyMs, round, proxied: round === 0, history })),
        );
    }),
  );
}

const rotated = <T>(list: readonly T[], by: number): readonly T[] =>
  list.map((_, index) => list[(index + by) % list.length] as T);

async function measureAll(bench: Bench, trials: readonly Trial[]): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const trial of trials) {
    const sample = await measure(bench, trial);
    samples.push(sample);
    const outcome = sample.failure ?? `${((sample.apply?.ms ?? 0) / 1000).toFixed(2)} s`;
    console.error(`${samples.length}/${trials.length} ${titleOf(trial)}, round ${trial.round}: ${trial.runner.name} ${outcome}`);
  }
  return samples;
}

const titleOf = ({ count, latencyMs }: Pick<Trial, 'count' | 'latencyMs'>): string => `${count} at ${latencyMs} ms`;

function report(server: string, runners: readonly Runner[], samples: readonly Sample[], options: MigrateBenchOptions): void {
  const cells = options.counts.flatMap((count) =>
    options.latencies.map((latencyMs) => {
      const lines = linesOf(runners, samples, count, latencyMs);
      return { title: titleOf({ count, latencyMs }), lines, faster: fasterThanDbctl(lines) };
    }),
  );
  const database = options.history ? 'database with one migration applied' : 'empty database';
  const durability = `fsync ${options.fsync ? 'on' : 'off'}`;
  console.log(`\n${server}, ${durability}, ${database}, Node.js ${process.version}; wall time of the whole process`);
  for (const { title, lines } of cells) console.log(`\n${title} added latency\n${tableOf(lines)}`);
  console.log(`\n${ratioTable(cells)}\n`);
  for (const { title, faster } of cells) if (faster.length > 0) console.log(`${title}: faster than dbctl: ${faster.join(', ')}`);
  if (cells.every(({ faster }) => faster.length === 0)) console.log('dbctl is the fastest tool with a history in every cell');
}

/** A folder for the projects of the tools, removed after `use`. */
async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dbctl-bench-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ctrl-C stops the running tool and then, in order, everything that was started for it. */
async function untilSignal(use: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => stop.abort(new Error(`stopped by ${name}`));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    await use(stop.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
