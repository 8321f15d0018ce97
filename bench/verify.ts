import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from '../src/core/report.ts';
import { withSession, type Session } from '../src/db/session.ts';
import { inTransaction } from '../src/db/transaction.ts';
import { advisories } from '../src/ops/verify/advisories.ts';
import { builtInFolder, loadChecks } from '../src/ops/verify/load.ts';
import type { ParameterValues } from '../src/ops/verify/parameters.ts';
import { policyFrom } from '../src/ops/verify/policy.ts';
import { runChecks } from '../src/ops/verify/run.ts';
import { requireProgram } from '../src/ops/tools/find.ts';
import { runProgram } from '../test/support/cli.ts';
import { databaseUrl, targetOf } from '../test/support/connection.ts';
import { withServer, type TestServer } from '../test/support/server.ts';
import { clientTools } from '../test/support/tools.ts';
import { withProxy, type Proxy } from './migrate/proxy.ts';
import { benchProject, makeBenchDatabase } from './verify/database.ts';
import { explainEach, oneStatement, psql, statementEach, timed, total, writeQueries, type Cost } from './verify/ways.ts';

const USAGE = `usage: npm run bench -- verify [options]
  --tables LIST  tables of each database (default 0,2000,10000)
  --guarded N    append-only ones among them (default: a hundredth, at most 50)
  --rounds N     measurements of each way, in turns (default 5); their median counts
  --delay MS     added to each answer of the server, once, by a proxy (default 20)
  --slowest N    how many of the slowest checks are shown (default 10)`;

/** What is asked of dbctl: messages, time at 2,000 tables, and growth no faster than the tables', with some tolerance. */
const MOST_ROUND_TRIPS = 9;
const MOST_MS = 1_000;
const TOLERANCE = 1.3;

/** `npm run bench -- verify`: the catalogue as it is, on databases of several sizes, beside psql and beside one statement for each check. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tables: { type: 'string', default: '0,2000,10000' },
      guarded: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      delay: { type: 'string', default: '20' },
      slowest: { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const folder = await mkdtemp(join(tmpdir(), 'dbctl-bench-verify-'));
  const { path: program } = await requireProgram('psql', await clientTools(), 18);
  const settings = { max_locks_per_transaction: '1024', shared_buffers: '512MB' };
  try {
    const sizes: SizeResult[] = [];
    for (const tables of values.tables.split(',').map(Number)) {
      const result = await withServer({ settings }, (server) =>
        measureSize(server, {
          tables,
          ...(values.guarded === undefined ? {} : { guarded: Number(values.guarded) }),
          folder: join(folder, String(tables)),
          program,
          rounds: Number(values.rounds),
          delayMs: Number(values.delay),
        }),
      );
      printSize(result);
      sizes.push(result);
    }
    printGrowth(sizes, Number(values.slowest));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface SizeRequest {
  readonly tables: number;
  readonly guarded?: number;
  readonly folder: string;
  readonly program: string;
  readonly rounds: number;
  readonly delayMs: number;
}

interface SizeResult {
  readonly tables: number;
  readonly madeMs: number;
  readonly checks: number;
  readonly skipped: readonly string[];
  readonly findings: number;
  readonly ways: readonly Way[];
  readonly roundTrips: number;
  readonly delayed: Delayed;
  readonly costs: readonly Cost[];
}

interface Way {
  readonly name: string;
  readonly ms: number;
}

interface Delayed {
  readonly delayMs: number;
  readonly dbctlMs: number;
  readonly psqlMs: number;
}

async function measureSize(
  server: TestServer,
  { tables, guarded, folder, program, rounds, delayMs }: SizeRequest,
): Promise<SizeResult> {
  const name = 'bench';
  const config = await benchProject(folder, tables, guarded);
  const { ms: madeMs } = await timed(() => makeBenchDatabase(server.url(), name, tables, config));
  const url = databaseUrl(server.url(), name);
  const checks = await loadChecks([builtInFolder()]);
  const inputs = { policy: policyFrom(config), advisories, clock: () => new Date() };
  return withSession(
    targetOf(url, name),
    { access: 'read', statementTimeoutMs: 0, applicationName: 'dbctl bench' },
    async (session) => {
      const { outcomes } = await runChecks(session, checks, inputs);
      const runnable = outcomes.flatMap(({ kind, check }) => (kind === 'pass' || kind === 'found' ? [check] : []));
      const values: ParameterValues = { ...inputs, connection: session, moment: { now: new Date(), roundTripMs: 0 } };
      const files = await writeQueries(folder, runnable, values);
      const acts: Acts = {
        'dbctl verify, the whole command': () => wholeCommand(folder, url),
        'dbctl, the checks in an open session': () => runChecks(session, checks, inputs),
        'the union alone, one statement': () => prepared(session, () => oneStatement(session, runnable, values)),
        'a statement each, in the same session': () => prepared(session, () => statementEach(session, runnable, values)),
        'psql, one process, a query each': async () => psql(program, url, files),
        'psql, a process each': async () => files.map((file) => psql(program, url, [file])),
      };
      const ways = await inTurns(acts, rounds);
      const costs = await prepared(session, () => explainEach(session, runnable, values));
      const { roundTrips, delayed } = await withProxy(server.port, (proxy) =>
        overNetwork(proxy, { folder, url, program, files, delayMs }),
      );
      const findings = outcomes.reduce((sum, outcome) => sum + (outcome.kind === 'found' ? outcome.findings.length : 0), 0);
      const skipped = outcomes.flatMap(({ kind, check: { id } }) => (kind === 'pass' || kind === 'found' ? [] : [id]));
      return { tables, madeMs, checks: runnable.length, skipped, findings, ways, roundTrips, delayed, costs };
    },
  );
}

type Acts = Readonly<Record<string, () => Promise<unknown>>>;

/** As dbctl asks: one snapshot, names of pg_catalog, no compiling. */
const prepared = <T>(session: Session, act: () => Promise<T>): Promise<T> =>
  inTransaction(
    session,
    'isolation level repeatable read, read only',
    act,
    'set local search_path = pg_catalog; set local jit = off',
  );

async function wholeCommand(folder: string, url: string): Promise<Report> {
  const { status, stdout, stderr } = await runProgram(['verify', '--format', 'json', '--quiet'], {
    cwd: folder,
    env: { DATABASE_URL: `${url}?sslmode=disable` },
  });
  if (status === null || status > 1) throw new Error(`dbctl verify: exit ${status} ${stdout.slice(0, 500)} ${stderr}`);
  return JSON.parse(stdout) as Report;
}

/** Medians; of the whole command what its report says, which leaves the start of Node.js out. */
async function inTurns(acts: Acts, rounds: number): Promise<Way[]> {
  const samples = new Map(Object.keys(acts).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, act] of Object.entries(acts)) {
      const { ms, result } = await timed(act);
      samples.get(name)?.push(isReport(result) ? result.durationMs : ms);
    }
  }
  return [...samples].map(([name, times]) => ({
    name,
    ms: times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN,
  }));
}

const isReport = (value: unknown): value is Report => typeof value === 'object' && value !== null && 'durationMs' in value;

interface NetworkRequest extends Pick<SizeRequest, 'folder' | 'program' | 'delayMs'> {
  readonly url: string;
  readonly files: readonly string[];
}

/** Round trips as the network sees them, login included. */
async function overNetwork(
  proxy: Proxy,
  { folder, url, program, files, delayMs }: NetworkRequest,
): Promise<Pick<SizeResult, 'roundTrips' | 'delayed'>> {
  const through = new URL(url);
  through.port = String(proxy.port);
  await proxy.reset(delayMs);
  const dbctl = await wholeCommand(folder, through.href);
  const { roundTrips } = await proxy.traffic();
  const { ms: psqlMs } = await timed(async () => psql(program, through.href, files));
  return { roundTrips, delayed: { delayMs, dbctlMs: dbctl.durationMs, psqlMs } };
}

function printSize({ tables, madeMs, checks, skipped, findings, ways, roundTrips, delayed }: SizeResult): void {
  const own = ways[0]?.ms ?? Number.NaN;
  console.log(
    `\n${count(tables)} tables (made in ${(madeMs / 1000).toFixed(0)} s): ${checks} checks ran, ${findings} findings, not run: ${skipped.join(', ') || 'none'}`,
  );
  for (const { name, ms } of ways)
    console.log(`  ${name.padEnd(40)} ${milliseconds(ms)}  ${(ms / own).toFixed(2).padStart(7)} ×`);
  const { delayMs, dbctlMs, psqlMs } = delayed;
  console.log(
    `  ${delayMs} ms added to each answer: dbctl ${milliseconds(dbctlMs)}, psql in one process ${milliseconds(psqlMs)}, ${(psqlMs / dbctlMs).toFixed(1)} ×`,
  );
  console.log(
    `  round trips of dbctl, login included: ${roundTrips} ${verdict(roundTrips <= MOST_ROUND_TRIPS, `at most ${MOST_ROUND_TRIPS}`)}`,
  );
  if (tables === 2000) console.log(`  time at 2,000 tables: ${verdict(own < MOST_MS, `under ${MOST_MS} ms`)}`);
}

/** The two largest sizes beside each other, the whole and each check. */
function printGrowth(sizes: readonly SizeResult[], slowest: number): void {
  const [small, large] = sizes.slice(-2);
  if (small === undefined || large === undefined) return printSlowest(undefined, sizes[0], slowest);
  const fair = large.tables / small.tables;
  if (small.tables > 0) {
    const [before, after] = [small, large].map(({ ways }) => ways[1]?.ms ?? Number.NaN) as [number, number];
    const limit = fair * TOLERANCE;
    console.log(
      `\nfrom ${count(small.tables)} to ${count(large.tables)} tables (${fair} ×) the checks take ${(after / before).toFixed(1)} × ${verdict(after / before <= limit, `linear: at most ${limit.toFixed(1)}`)}`,
    );
  }
  printSlowest(small.tables > 0 ? small : undefined, large, slowest);
}

function printSlowest(small: SizeResult | undefined, large: SizeResult | undefined, slowest: number): void {
  if (large === undefined) return;
  const before = new Map(small?.costs.map((cost) => [cost.id, total(cost)]));
  console.log(
    `\nslowest checks at ${count(large.tables)} tables, by EXPLAIN ANALYZE\n${'check'.padEnd(32)}  planned       run  rows   growth`,
  );
  for (const cost of large.costs.toSorted((a, b) => total(b) - total(a)).slice(0, slowest)) {
    const was = before.get(cost.id);
    const growth = was === undefined ? '' : `${(total(cost) / was).toFixed(1)} ×`;
    console.log(
      `${cost.id.padEnd(32)} ${milliseconds(cost.planMs)} ${milliseconds(cost.runMs)} ${String(cost.rows).padStart(5)}  ${growth.padStart(7)}`,
    );
  }
  const sum = large.costs.reduce((all, cost) => all + total(cost), 0);
  console.log(`${'all'.padEnd(32)} ${milliseconds(sum)}`);
}

const verdict = (held: boolean, wanted: string): string => `(${held ? 'held' : 'MISSED'}: ${wanted})`;
const count = (value: number): string => value.toLocaleString('en');
const milliseconds = (ms: number): string => `${ms.toFixed(ms < 100 ? 1 : 0).padStart(6)} ms`;
