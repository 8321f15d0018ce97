import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/core/report.ts';
import { requireProgram } from '../../src/ops/tools/find.ts';
import { ensureBuilt } from '../../test/support/cli.ts';
import { clientTools } from '../../test/support/tools.ts';

/** What one export took. */
export interface Exported {
  /** Until the file was written. */
  readonly seconds: number;
  /** With start, reading back and comparison, where there is one. */
  readonly whole: number;
  readonly bytes: number;
  /** Most memory of the process of Node.js; 0: there is none. */
  readonly rss: number;
}

export interface Way {
  readonly name: string;
  readonly act: () => Promise<Exported>;
}

const COLUMNS = 'id, at, actor, action, object, context, ip, amount, recorded_xid';
const COPY = `copy (select ${COLUMNS} from only audit.log_2025 order by recorded_xid, id, at) to stdout (format csv, header)`;

/** The first is the floor. */
export async function exportWays(url: string, folder: string): Promise<readonly Way[]> {
  await ensureBuilt();
  const { path: psql } = await requireProgram('psql', await clientTools(), 18);
  const out = join(folder, 'out.gz');
  const piped = (behind: string) =>
    shell(`"$PSQL" --no-psqlrc --quiet --dbname "$URL" --command "$COPY" ${behind}`, { PSQL: psql, URL: url, COPY }, out);
  project(folder);
  return [
    { name: 'COPY csv, to nowhere', act: () => piped('> /dev/null') },
    { name: 'COPY csv | gzip -1', act: () => piped(`| gzip -1 > '${out}'`) },
    { name: 'COPY csv | gzip -6', act: () => piped(`| gzip -6 > '${out}'`) },
    { name: 'dbctl csv.gz', act: () => dbctl(folder, url, 'csv.gz') },
    { name: 'dbctl parquet', act: () => dbctl(folder, url, 'parquet') },
    { name: 'COPY csv | DuckDB, parquet', act: () => duckdb(psql, url, join(folder, 'out.parquet')) },
  ];
}

async function shell(line: string, variables: Readonly<Record<string, string>>, out: string): Promise<Exported> {
  rmSync(out, { force: true });
  const started = performance.now();
  await ended(spawn('sh', ['-c', line], { env: { ...process.env, ...variables }, stdio: ['ignore', 'inherit', 'inherit'] }));
  const seconds = (performance.now() - started) / 1000;
  return { seconds, whole: seconds, bytes: statSync(out, { throwIfNoEntry: false })?.size ?? 0, rss: 0 };
}

const DUCKDB = fileURLToPath(new URL('duckdb.mjs', import.meta.url));
const TYPES = `{'id':'VARCHAR','at':'TIMESTAMPTZ','actor':'VARCHAR','action':'VARCHAR','object':'VARCHAR','context':'VARCHAR','ip':'VARCHAR','amount':'VARCHAR','recorded_xid':'BIGINT'}`;

/** Its process alone: neither what it writes is read back, nor is dbctl around it. With a limit of 64 MB it gives up. */
async function duckdb(psql: string, url: string, out: string): Promise<Exported> {
  rmSync(out, { force: true });
  const line = '"$PSQL" --no-psqlrc --quiet --dbname "$URL" --command "$COPY" | "$NODE" "$DUCKDB" "$OUT" "$TYPES" 128MB 1 100000';
  const variables = { PSQL: psql, URL: url, COPY, NODE: process.execPath, DUCKDB, OUT: out, TYPES };
  const started = performance.now();
  const child = spawn('sh', ['-c', line], { env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'inherit'] });
  const [rss] = await Promise.all([text(child.stdout), ended(child)]);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, whole: seconds, bytes: statSync(out).size, rss: Number(rss) * 1024 };
}

const PROGRAM = fileURLToPath(new URL('../../bin/dbctl.js', import.meta.url));

function project(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'dbctl.yaml'),
    `version: 1
project: bench
environments: { dev: { url: { variable: BENCH_URL } } }
archive: { destinations: [{ name: cold, type: folder, path: cold }] }
backup: { signer: { name: bench, key: { variable: BENCH_KEY } } }
`,
  );
}

async function dbctl(folder: string, url: string, format: string): Promise<Exported> {
  rmSync(join(folder, 'cold'), { recursive: true, force: true });
  const args = [PROGRAM, 'retention', 'export', 'audit.log_2025', '--as', format, '--format', 'json'];
  // A seed of zeros: it signs nothing anybody believes.
  const env = { ...process.env, BENCH_URL: url, BENCH_KEY: Buffer.alloc(32).toString('base64') };
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let rss = 0;
  const watch = setInterval(() => (rss = Math.max(rss, mostMemory(child.pid))), 20);
  const [answer, said] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]).finally(() =>
    clearInterval(watch),
  );
  const whole = (performance.now() - started) / 1000;
  const bytes = (JSON.parse(answer) as Report).summary['coldBytes'] as number;
  return { seconds: Number(/^export .*\((\d+) ms\)$/m.exec(said)?.[1]) / 1000, whole, bytes, rss };
}

/** VmHWM of Linux, in bytes; 0 elsewhere. */
function mostMemory(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => (status === 0 ? resolve() : reject(new Error(`exit ${status}`))));
  });
}
