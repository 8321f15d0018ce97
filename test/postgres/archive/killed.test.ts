// A run is killed at each thing it can be seen doing; the next one completes, and leaves one archive and nothing else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { ensureBuilt, runCli } from '../../support/cli.ts';
import { archiveBench } from './support.ts';

const bench = archiveBench(`
create schema s;
create table s.log (id int primary key, note text);
insert into s.log select n, md5(n::text) || md5((-n)::text) from generate_series(1, 150000) n;
`);

const PROGRAM = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));

const env = () => ({ DATABASE_URL: bench.server.url(), PATH: process.env['PATH'], HOME: process.env['HOME'] });

beforeAll(ensureBuilt, 120_000);

function project(name: string, parquetWriter = 'built-in'): { readonly folder: string; readonly cold: string } {
  const folder = join(bench.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'key.pem'), readFileSync(join(bench.folder, 'key.pem')), { mode: 0o600 });
  writeFileSync(
    join(folder, 'dbctl.yaml'),
    `version: 1
project: kill
environments: { dev: { url: { variable: DATABASE_URL } } }
archive: { destinations: [{ name: cold, type: folder, path: cold }], parquet_writer: ${parquetWriter} }
backup: { signer: { name: test-archive, key: { file: key.pem } } }
`,
  );
  return { folder, cold: join(folder, 'cold') };
}

/** Kills the command when `reached` says so of the destination; the signal that ended it, null when it had ended before. */
async function killWhen(folder: string, reached: () => boolean, args: readonly string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, env: env(), stdio: 'ignore' });
  return new Promise((resolve) => {
    const watch = setInterval(() => {
      if (reached()) child.kill('SIGKILL');
    }, 1);
    child.on('close', (_, signal) => {
      clearInterval(watch);
      resolve(signal);
    });
  });
}

const names = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);
const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
const partial = (cold: string): string => join(cold, names(cold).find((name) => name.startsWith('.partial-')) ?? '.partial-none');
const archive = (cold: string): string => join(cold, names(cold).find((name) => !name.startsWith('.')) ?? 'none');

describe.each([
  ['csv.gz', 'built-in'],
  ['parquet', 'built-in'],
  ['parquet', 'duckdb'],
])('%s, %s', (format, parquetWriter) => {
  const rows = `rows.${format}`;

  const points: readonly [string, (cold: string) => boolean][] = [
    ['before a row has come', (cold) => existsSync(partial(cold))],
    ['while rows come', (cold) => sizeOf(join(partial(cold), rows)) > 100_000],
    ['with its mark alone stored', (cold) => existsSync(join(archive(cold), '.unfinished'))],
    ['when the rows are stored', (cold) => existsSync(join(archive(cold), rows))],
    [
      'while it reads back',
      (cold) => existsSync(join(archive(cold), rows)) && !names(archive(cold)).some((name) => name.endsWith('.tmp')),
    ],
    ['between manifest and seal', (cold) => existsSync(join(archive(cold), 'manifest.json'))],
    ['when it has sealed', (cold) => existsSync(join(archive(cold), 'manifest.note'))],
  ];
  // What comes behind the rows knows nothing of who wrote them.
  it.each(parquetWriter === 'duckdb' ? points.slice(0, 4) : points)('killed %s', async (when, reached) => {
    const { folder, cold } = project(`${format}-${parquetWriter}-${when.replaceAll(' ', '-')}`, parquetWriter);
    const args = ['retention', 'export', 's.log', '--as', format];
    const signal = await killWhen(folder, () => reached(cold), args);
    const sealed = existsSync(join(archive(cold), 'manifest.note'));
    // Whatever was left, nothing that is not sealed is taken for an archive.
    const before = await dbctl(folder, 'retention', 'verify');
    expect(before.summary).toMatchObject({ archives: sealed ? 1 : 0, bad: 0 });
    const after = await dbctl(folder, ...args);
    expect([after.status, after.summary['outcome']]).toEqual([0, sealed ? 'there already' : 'exported']);
    if (signal !== null && !sealed) expect(after.summary['cleared']).toBeGreaterThan(0);
    expect(names(cold).filter((name) => name !== '.lock')).toHaveLength(1);
    expect(names(archive(cold)).toSorted()).toEqual(['manifest.json', 'manifest.note', rows]);
    expect((await dbctl(folder, 'retention', 'verify')).ok).toBe(true);
    if (parquetWriter === 'duckdb') await noWriterLeft(folder);
  });
});

/** Processes of DuckDB's end when their pipes do. */
async function noWriterLeft(folder: string): Promise<void> {
  const running = () =>
    readdirSync('/proc').filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('duckdb-parquet') && readlinkSync(`/proc/${pid}/cwd`) === folder
        );
      } catch {
        return false;
      }
    });
  await expect.poll(running, { timeout: 10_000 }).toEqual([]);
}

async function dbctl(folder: string, ...args: readonly string[]): Promise<Report & { readonly status: number | null }> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], { cwd: folder, env: env() });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Report), status };
}

it('through the command line, from export to restore', async () => {
  const { folder } = project('whole');
  const exported = await dbctl(folder, 'retention', 'export', 's.log');
  const [item] = exported.items;
  expect(item).toMatchObject({ object: 's.log', rows: 150_000, message: 'exported, read back, every row compared' });
  const id = item?.id ?? '';
  const compared = await dbctl(folder, 'retention', 'verify', id, '--compare');
  expect(compared.items.map(({ message }) => message)).toEqual(['every row as it was written', 'every row as in the database']);
  const restored = await dbctl(folder, 'retention', 'restore', id, '--into', 's.back');
  expect(restored).toMatchObject({ ok: true, summary: { archive: id, into: 's.back', rows: 150_000 } });
  expect((await dbctl(folder, 'retention', 'export', 's.log', '--dry-run')).items).toMatchObject([
    { id: 'would-export', order: ['id'] },
  ]);
});

it('DuckDB is asked for, and not there: nothing is begun', async () => {
  // A dbctl that was installed without it.
  const away = mkdtempSync(join(bench.folder, 'package-'));
  for (const name of ['bin', 'dist', 'package.json', 'checks', 'migrations'])
    cpSync(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), join(away, name), { recursive: true });
  const { folder, cold } = project('not-installed', 'duckdb');
  const args = [join(away, 'bin', 'dbctl.js'), 'retention', 'export', 's.log', '--as', 'parquet', '--format', 'json'];
  const child = spawn(process.execPath, args, { cwd: folder, env: env(), stdio: ['ignore', 'pipe', 'inherit'] });
  const [answer, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect([status, (JSON.parse(answer) as Report).error]).toMatchObject([
    5,
    {
      code: 'refused',
      message: `archive.parquet_writer is duckdb, and @duckdb/node-api is not installed in ${folder}`,
      hint: 'Run npm install @duckdb/node-api there, or take archive.parquet_writer: built-in. Nothing was read.',
    },
  ]);
  expect(existsSync(cold)).toBe(false);
});

it.each<[string, readonly string[], number, string]>([
  ['no table', ['export'], 2, "missing required argument 'table'"],
  [
    'a format there is not',
    ['export', 's.log', '--as', 'orc'],
    2,
    "option '--as <format>' argument 'orc' is invalid. Allowed choices are csv.gz, parquet",
  ],
  ['a destination there is not', ['export', 's.log', '--destination', 'moon'], 2, 'there is no destination moon'],
  ['an archive there is not', ['verify', 'nothing'], 4, 'cold has no archive nothing'],
  ['no archive to restore', ['restore', 'nothing', '--into', 's.x'], 4, 'cold has no archive nothing'],
  ['no table to restore into', ['restore', 'nothing'], 2, 'say where the rows are to go, once: --into TABLE or --attach'],
  ['a comparison of all', ['verify', '--compare'], 2, '--compare needs the id of one archive'],
  ['a sample of none', ['verify', '--sample', '0'], 2, 'a whole number from 1 to 999999, not 0'],
])('says what is wrong with %s', async (what, args, status, message) => {
  const { folder } = project(`bad-${what.replaceAll(' ', '-')}`);
  const report = await dbctl(folder, 'retention', ...args);
  expect([report.status, report.error?.message]).toEqual([status, expect.stringContaining(message) as string]);
});
