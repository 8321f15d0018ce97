import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli, type CliEnd } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** The commands as a person runs them, from an unguarded table to an emergency and back. */
const project = mkdtempSync(join(tmpdir(), 'dbctl-immutability-cli-'));
let database: TestDatabase;

const configure = (tables: string, environment = '') =>
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1\nproject: cli\nenvironments:\n  dev: { url: { variable: DATABASE_URL }${environment} }\nimmutability: { tables: [${tables}] }\n`,
  );
const dbctl = (...args: readonly string[]): Promise<CliEnd> =>
  runCli(args, { cwd: project, env: { DATABASE_URL: database.url } });
async function report(...args: readonly string[]): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await dbctl(...args, '--format', 'json');
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}
const sql = (...statements: readonly string[]) => onServer(database.url, ...statements);

beforeAll(async () => {
  database = await createTestDatabase();
  await sql(
    'create table public.events (id int generated always as identity primary key, note text not null)',
    `insert into public.events (note) values ('first')`,
    `create type public.mood as enum ('good', 'bad')`,
    'create table public.moods (id int, mood public.mood)',
  );
  configure(`{ table: public.events, generated: [id] }`);
});
afterAll(async () => {
  await database.drop();
  rmSync(project, { recursive: true, force: true });
});

describe('install', () => {
  it('shows every statement and changes nothing with --dry-run', async () => {
    const planned = await report('immutability', 'install', '--dry-run');
    expect(planned).toMatchObject({ status: 0, summary: { refused: 0, drift: 0, state: 'planned' } });
    expect(planned.items.every((item) => typeof (item as { sql?: unknown }).sql === 'string')).toBe(true);
    await sql(`update public.events set note = 'changed'`, `update public.events set note = 'first'`);
  });

  it('asks before it does it, and without a terminal that takes --yes', async () => {
    const asked = await dbctl('immutability', 'install');
    expect(asked.status).toBe(5);
    expect(asked.stderr).toContain('--yes');
    const done = await report('immutability', 'install', '--yes');
    expect(done).toMatchObject({ status: 0, summary: { state: 'done' } });
    await expect(sql(`update public.events set note = 'changed'`)).rejects.toMatchObject({ code: 'IM001' });
    const again = await dbctl('immutability', 'install');
    expect(again).toMatchObject({ status: 0 });
    expect(again.stdout).toContain('Nothing to do: every table is guarded.');
  });

  it('refuses a table of a shape that can be changed behind it, with the ways out', async () => {
    configure(`{ table: public.events, generated: [id] }, { table: public.moods }, { table: public.nowhere }`);
    const refused = await report('immutability', 'install', '--yes');
    expect(refused.status).toBe(1);
    expect(refused.items.filter(({ status }) => status === 'fail').map(({ object, message }) => `${object}: ${message}`)).toEqual(
      [expect.stringMatching(/^public\.moods: .*column mood of type/), expect.stringMatching(/^public\.nowhere: /)],
    );
    expect(refused.items.every(({ status, fix }) => status !== 'fail' || (fix ?? '').length > 10)).toBe(true);
    configure(`{ table: public.events, generated: [id] }`);
  });
});

describe('test, status and violations', () => {
  it('prove the guards, and the proof leaves no trace but its record', async () => {
    const tested = await report('immutability', 'test');
    expect(tested).toMatchObject({ status: 0, summary: { open: 0, unknown: 0 } });
    expect(tested.summary['refused']).toBeGreaterThan(50);
    const shown = await dbctl('immutability', 'test', '--table', 'public.events');
    expect(shown.stdout).toMatch(/public\.events +postgres +\d+ +\d+ +1 +0 +3\n/);
    expect((await report('immutability', 'violations')).summary['attempts']).toBe(1);
    expect(await report('immutability', 'status')).toMatchObject({ status: 0, summary: { tables: 1, drifted: 0 } });
  });

  it('count what was refused, and say when', async () => {
    await expect(sql('delete from public.events')).rejects.toMatchObject({ code: 'IM001' });
    await expect(sql('truncate public.events')).rejects.toMatchObject({ code: 'IM002' });
    const seen = await report('immutability', 'violations');
    expect(seen).toMatchObject({ status: 1, ok: false });
    expect(seen.items.map(({ id, object }) => `${id} ${object}`)).toEqual(['IM001 public.events', 'IM002 public.events']);
    expect((await report('immutability', 'violations', '--since', '2999-01-01')).status).toBe(0);
    const metrics = await dbctl('immutability', 'violations', '--format', 'prometheus');
    expect(metrics.stdout).toContain('dbctl_immutability_violations_total{table="public.events",sqlstate="IM001"} 2\n');
  });

  it.each<[readonly string[], number, string]>([
    [['violations', '--since', 'yesterday'], 2, 'yesterday'],
    [['test', '--table', 'public.nowhere'], 2, 'public.nowhere'],
    [['test', '--role', 'nobody_there'], 2, 'nobody_there'],
    [['install', '--accept', 'public.nowhere'], 2, 'public.nowhere'],
  ])('%j is refused with words', async (args, status, named) => {
    const refused = await report('immutability', ...args);
    expect(refused.status).toBe(status);
    expect(refused.error?.message).toContain(named);
  });
});

describe('drift', () => {
  it('is found, named with its repair, and repaired only when asked', async () => {
    await sql(
      'alter event trigger dbctl_3_refuse_ddl disable',
      'set session_replication_role = replica',
      `alter table public.events disable trigger dbctl_guard_row`,
    );
    const status = await report('immutability', 'status');
    expect(status.status).toBe(1);
    const fixes = status.items.flatMap((item) => (item.status === 'fail' ? [item.fix ?? ''] : [])).join('\n');
    expect(fixes).toContain('alter table public.events enable always trigger dbctl_guard_row');
    expect(fixes).toContain('dbctl immutability install --repair');
    const tested = await report('immutability', 'test');
    expect(tested).toMatchObject({ status: 1, ok: false });
    expect(tested.items.filter((item) => item.status === 'fail').length).toBeGreaterThan(0);
    expect((await report('immutability', 'install', '--yes')).status).toBe(1);
    await report('immutability', 'install', '--repair', '--yes');
    expect((await report('immutability', 'status')).status).toBe(0);
    expect(await report('immutability', 'test')).toMatchObject({ status: 0, summary: { open: 0 } });
  });
});

describe('uninstall', () => {
  it('is refused on a protected environment, and done elsewhere once said yes to', async () => {
    configure(`{ table: public.events, generated: [id] }`, ', protected: true');
    const refused = await report('immutability', 'uninstall', '--yes');
    expect(refused).toMatchObject({ status: 5, error: { code: 'refused' } });
    configure(`{ table: public.events, generated: [id] }`);
    expect((await report('immutability', 'uninstall', '--yes')).status).toBe(0);
    await sql(`update public.events set note = 'changed'`);
    expect((await dbctl('immutability', 'uninstall')).stdout).toContain('Nothing to do: nothing is guarded.');
  });
});
