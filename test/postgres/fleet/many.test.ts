import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { databaseUrl, onServer } from '../../support/connection.ts';
import { runCli, type CliEnd } from '../../support/cli.ts';
import { withSilentServer } from '../../support/silent-server.ts';
import { checkText, PLANTED } from './planted.ts';
import { dropDatabases, fleetProject, inventory, makeDatabases, standingOut, type FleetProject } from './support.ts';

/** 200 targets, looked at one by one; the soak has a database for each of them (npm run soak -- fleet). */
const TARGETS = 200;
const DATABASES = 25;
const database = (index: number): string => `fleet_${process.pid}_${index}`;
const names = Array.from({ length: DATABASES }, (_, index) => database(index));
const missing = `fleet_${process.pid}_missing`;

let project: FleetProject;
let env: Record<string, string>;
beforeAll(async () => {
  await makeDatabases(names);
  for (const index of [0, 1]) await onServer(databaseUrl(inject('databaseUrl'), database(index)), 'create table planted ()');
  project = await fleetProject();
  await project.write('checks/planted.sql', checkText('planted', PLANTED));
  const url = inject('databaseUrl');
  const wrong = new URL(url);
  wrong.password = 'not-the-password';
  env = { FLEET_URL: url, WRONG_URL: wrong.href };
});
afterAll(async () => {
  await project.remove();
  await dropDatabases(names);
});

/** The two with findings once each, the others over and over; three that cannot be looked at among them. */
function targets(silentPort: number): object[] {
  const all: object[] = Array.from({ length: TARGETS }, (_, index) => ({
    name: `db-${String(index).padStart(3, '0')}`,
    url: { variable: 'FLEET_URL' },
    database: database(index < 2 ? index : 2 + (index % (DATABASES - 2))),
    labels: { shard: `s${index % 4}` },
  }));
  all[2] = { name: 'silent', url: { variable: 'SILENT_URL' }, labels: { shard: 's2' } };
  all[50] = { name: 'gone', url: { variable: 'FLEET_URL' }, database: missing };
  all[100] = { name: 'denied', url: { variable: 'WRONG_URL' }, database: database(2), labels: { shard: 's0' } };
  env['SILENT_URL'] = `postgresql://postgres@127.0.0.1:${silentPort}/app?sslmode=disable`;
  return all;
}

const dbctl = (args: readonly string[]): Promise<CliEnd> =>
  runCli(['verify', '--targets', 'targets.yaml', '--target-timeout', '8s', ...args], { cwd: project.folder, env });

async function overAll<T>(act: () => Promise<T>): Promise<T> {
  return withSilentServer(undefined, async ({ port }) => {
    await project.write('targets.yaml', inventory(targets(port)));
    return act();
  });
}

describe('verify over 200 targets', () => {
  let end: CliEnd;
  let report: Report;
  beforeAll(async () => {
    end = await overAll(() => dbctl(['--out', 'json=report.json']));
    report = JSON.parse(await readFile(join(project.folder, 'report.json'), 'utf8')) as Report;
  });

  it('reports the three it could not look at and the two findings, and nothing else', () => {
    expect(standingOut(report)).toEqual([
      'db-000 fail planted public.planted',
      'db-001 fail planted public.planted',
      'silent unknown target-seen silent',
      'gone unknown target-seen gone',
      'denied unknown target-seen denied',
    ]);
    expect(end.status).toBe(3);
    expect(report).toMatchObject({
      ok: false,
      exitCode: 3,
      target: null,
      summary: { targets: TARGETS, answered: 197, unseen: 3, fail: 2, unknown: 3, pass: 195 },
      error: { code: 'db.unreachable', message: '3 of 200 targets could not be looked at: silent, gone, denied' },
    });
  });

  it('has each target, in the order of the inventory, and says why one was not looked at and where it is written', () => {
    const { targets: inSummary } = report.summary['fleet'] as { targets: { name: string }[] };
    expect(report.items.map(({ target }) => target)).toEqual(inSummary.map(({ name }) => name));
    expect(inSummary.map(({ name }) => name)).toEqual(targets(0).map((target) => (target as { name: string }).name));
    const unseen = report.items.filter(({ id }) => id === 'target-seen').map(({ message, detail }) => [message, detail]);
    const at = (line: number) => ({ exit: 3, file: 'targets.yaml', line, column: 13 });
    expect(unseen).toEqual([
      ['gave no whole answer within 8s and was left', { code: 'db.unreachable', ...at(5) }],
      [expect.stringContaining(`database "${missing}" does not exist`), { code: 'db.denied', ...at(53) }],
      [expect.stringContaining('password authentication failed'), { code: 'db.denied', ...at(103) }],
    ]);
    expect(JSON.stringify(report) + end.stdout + end.stderr).not.toContain('not-the-password');
  });

  it('tells people each thing once, with the targets it is about', () => {
    expect(end.stdout).toContain('dbctl verify of 200 targets');
    expect(end.stdout).toMatch(/FAIL +high +planted {2}db-000, db-001: public\.planted/);
    expect(end.stdout).toContain('195 targets are as wanted and have no line');
    expect(end.stdout).toContain('3 of 200 targets could not be looked at');
    expect(end.stderr).toContain('verify on 200 targets, 8 at a time: 3 not looked at');
  });

  it('looks at one shard, by its label', async () => {
    const { status, stdout } = await overAll(() => dbctl(['--label', 'shard=s1', '--format', 'json']));
    const report = JSON.parse(stdout) as Report;
    expect({ status, standing: standingOut(report) }).toEqual({ status: 1, standing: ['db-001 fail planted public.planted'] });
    expect(report.summary).toMatchObject({ targets: 50, answered: 50, fleet: { labels: ['shard=s1'] } });
    expect(report.error).toBeNull();
  });
});
