import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { literal } from '../../src/db/ident.ts';
import type { Session } from '../../src/db/session.ts';
import type { Check } from '../../src/ops/verify/check.ts';
import type { ParameterValues } from '../../src/ops/verify/parameters.ts';
import { unionQuery } from '../../src/ops/verify/union.ts';

export interface Timed<T> {
  readonly ms: number;
  readonly result: T;
}

export async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const begin = performance.now();
  const result = await work();
  return { ms: performance.now() - begin, result };
}

/** All checks as one statement and nothing else: no look at rights, no snapshot of its own. */
export async function oneStatement(session: Session, checks: readonly Check[], values: ParameterValues): Promise<number> {
  const { text, values: bound } = unionQuery(checks, values);
  return (await session.rows(text, bound)).length;
}

/** The same checks, a statement each, in the same session. */
export async function statementEach(session: Session, checks: readonly Check[], values: ParameterValues): Promise<number> {
  let rows = 0;
  for (const check of checks) rows += await oneStatement(session, [check], values);
  return rows;
}

/** The queries as psql gets them: a file each, with their parameters written out. */
export async function writeQueries(
  folder: string,
  checks: readonly Check[],
  values: ParameterValues,
): Promise<readonly string[]> {
  const files = checks.map(({ id }) => join(folder, `${id}.psql`));
  for (const [index, check] of checks.entries()) await writeFile(files[index] ?? '', `${inlined(check, values)};\n`);
  return files;
}

function inlined(check: Check, values: ParameterValues): string {
  const { text, values: bound } = unionQuery([check], values);
  return bound.reduceRight<string>((sql, value, index) => sql.replaceAll(`($${index + 1}::`, () => `(${written(value)}::`), text);
}

function written(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (!Array.isArray(value)) return literal(`${value as string | number}`);
  return literal(`{${value.map((one) => `"${String(one).replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`);
}

/** psql with these files, one process; the rows it brought. Fails where a query does. */
export function psql(program: string, url: string, files: readonly string[]): number {
  const flags = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', 'set search_path = pg_catalog; set jit = off'];
  const { PATH, HOME } = process.env;
  const { username, password, hostname, port, pathname } = new URL(url);
  const env = {
    PATH,
    HOME,
    PGUSER: username,
    PGPASSWORD: password,
    PGHOST: hostname,
    PGPORT: port,
    PGDATABASE: pathname.slice(1),
    PGSSLMODE: 'disable',
  };
  const { status, stdout, stderr } = spawnSync(program, [...flags, ...files.flatMap((file) => ['-f', file])], {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`psql: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '').length;
}

export interface Cost {
  readonly id: string;
  readonly planMs: number;
  readonly runMs: number;
  readonly rows: number;
}

/** What each check costs the server, by its own account: the least of some runs. */
export async function explainEach(
  session: Session,
  checks: readonly Check[],
  values: ParameterValues,
  runs = 3,
): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const check of checks) {
    const { text, values: bound } = unionQuery([check], values);
    const samples: Cost[] = [];
    for (let run = 0; run < runs; run += 1) {
      const [row] = await session.rows<{ 'QUERY PLAN': readonly [Explained] }>(`explain (analyze, format json) ${text}`, bound);
      const plan = row?.['QUERY PLAN'][0];
      if (plan !== undefined) {
        samples.push({
          id: check.id,
          planMs: plan['Planning Time'],
          runMs: plan['Execution Time'],
          rows: plan.Plan['Actual Rows'],
        });
      }
    }
    const [least] = samples.toSorted((a, b) => total(a) - total(b));
    if (least !== undefined) costs.push(least);
  }
  return costs;
}

interface Explained {
  readonly Plan: { readonly 'Actual Rows': number };
  readonly 'Planning Time': number;
  readonly 'Execution Time': number;
}

export const total = ({ planMs, runMs }: Cost): number => planMs + runMs;
