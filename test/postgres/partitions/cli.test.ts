import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { guardBench } from '../immutability/support.ts';

const bench = guardBench('empty');
const project = mkdtempSync(join(tmpdir(), 'dbctl-partitions-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

const configure = (...entries: readonly string[]) =>
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1\nproject: parts\nenvironments: { ci: { url: { variable: DATABASE_URL } } }\nretention: { partitions: [${entries.join(', ')}] }\n`,
  );

async function partitions(...args: readonly string[]): Promise<Report & { readonly status: number | null }> {
  const given = ['retention', 'partitions', '--env', 'ci', '--format', 'json', ...args];
  const { status, stdout } = await runCli(given, { cwd: project, env: { DATABASE_URL: bench.database.url } });
  return { ...(JSON.parse(stdout) as Report), status };
}

beforeAll(() => bench.rows('create table public.log (at timestamptz not null) partition by range (at)'));

describe('dbctl retention partitions', () => {
  it('shows what it would make, makes it once, and then says how far rows are covered', async () => {
    configure('{ table: public.log, ahead: 2 }');
    const planned = await partitions('--dry-run');
    expect([planned.status, planned.items.map(({ id }) => id)]).toEqual([0, ['to-make', 'to-make', 'to-make']]);
    const made = await partitions('--yes');
    expect([made.status, made.summary]).toEqual([0, { tables: 1, made: 3, planned: 3, failed: 0 }]);
    const again = await partitions('--yes');
    expect([again.status, again.items.map(({ id }) => id), again.summary]).toEqual([
      0,
      ['covered'],
      { tables: 1, made: 0, planned: 0, failed: 0 },
    ]);
  });

  it('answers no where rows are in a default partition, and where there is no such table', async () => {
    await bench.rows('create table public.log_default partition of public.log default');
    await bench.rows(`insert into public.log values ('1970-01-01Z')`);
    configure('{ table: public.log }', '{ table: public.logg }');
    const { status, items } = await partitions('--yes');
    expect(status).toBe(1);
    expect(items.filter((one) => one.status === 'fail').map(({ id, object }) => `${id} ${object}`)).toEqual([
      'default-has-rows public.log_default',
      'missing public.logg',
    ]);
  });

  it('is told where dbctl.yaml names no table', async () => {
    configure();
    const { status, error } = await partitions();
    expect([status, error]).toMatchObject([
      2,
      { code: 'config.invalid', message: 'dbctl.yaml names no table under retention.partitions' },
    ]);
  });
});
