import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item, Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let project: string;
beforeAll(async () => {
  database = await createTestDatabase();
  project = await mkdtemp(join(tmpdir(), 'dbctl-profile-'));
  await write('dbctl.yaml', CONFIG);
});
afterAll(async () => {
  await database.drop();
  await rm(project, { recursive: true, force: true });
});

const CONFIG = 'version: 1\nproject: shop\nenvironments:\n  dev: { url: { variable: DATABASE_URL } }\n';
const write = (name: string, text: string) => writeFile(join(project, name), text);
const dbctl = (...args: string[]) => runCli(['verify', ...args], { cwd: project, env: { DATABASE_URL: database.url } });
async function reportOf(...args: string[]): Promise<Report & { status: number | null }> {
  const { status, stdout } = await dbctl(...args, '--format', 'json');
  return { ...(JSON.parse(stdout) as Report), status };
}
const statusOf = ({ items }: Report, id: string) => items.find((item) => item.id === id)?.status;
const today = new Date().toISOString().slice(0, 10);
const attest = (item: string) =>
  write(
    'dbctl.attestations.yaml',
    `- { benchmark: cis-18, item: ${item}, by: j.doe, on: ${today}, evidence: systemctl said enabled, expires: ${today} }\n`,
  );

describe('a profile', () => {
  it('is the baseline, which is what the checks say', async () => {
    const report = await reportOf();
    expect(report.summary).toMatchObject({ profile: 'baseline' });
    expect(report.items.some(({ message }) => message.startsWith('profile '))).toBe(false);
  });

  it('of managed services leaves out what nobody sees there, with the reason', async () => {
    const report = await reportOf('--profile', 'managed');
    expect(report.items.find(({ id }) => id === 'log-files')).toMatchObject({
      status: 'skipped',
      message: 'profile managed: a managed service collects the log itself and keeps it outside of the server',
    });
    expect(statusOf(report, 'log-statement')).toBe('fail');
    expect(statusOf(await reportOf('--profile', 'managed', '--only', 'log-files'), 'log-files')).toBe('pass');
  });

  it('of hardened servers weighs more, by dbctl.yaml too', async () => {
    await write('dbctl.yaml', `${CONFIG}verify: { profile: hardened }\n`);
    const hardened = await reportOf('--only', 'log-connections');
    await write('dbctl.yaml', CONFIG);
    const baseline = await reportOf('--only', 'log-connections');
    expect([hardened, baseline].map(({ items }) => items.map(({ severity }) => severity))).toEqual([['high'], ['medium']]);
  });

  it('refuses a name that is none', async () => {
    const { error } = await reportOf('--profile', 'cis');
    expect(error?.message).toContain(
      "option '--profile <name>' argument 'cis' is invalid. Allowed choices are baseline, hardened, cis-18, managed",
    );
  });
});

describe('the profile of CIS PostgreSQL 18', () => {
  it('answers every item of the benchmark in its order, and passes none that nobody looked at', async () => {
    await attest('"1.3"');
    const report = await reportOf('--profile', 'cis-18');
    const { items } = (report.summary as unknown as { benchmark: { items: { item: string; how: string; status: string }[] } })
      .benchmark;
    expect(items.length).toBeGreaterThan(70);
    const answer = (number: string) => items.find(({ item }) => item === number);
    expect(answer('1.3')).toMatchObject({ how: 'a person', status: 'pass' });
    expect(items.filter(({ how, status }) => how !== 'checks' && status === 'pass').map(({ item }) => item)).toEqual(['1.3']);
    expect(answer('1.6')).toMatchObject({ how: 'a person', status: 'unknown' });
    expect(answer('3.1.25')).toMatchObject({ how: 'checks', checks: ['log-statement'], status: 'fail' });
    const firsts = report.items.map((item: Item) => (item['benchmark'] as string[])[0] ?? '999');
    expect(firsts).toEqual(firsts.toSorted((a, b) => compare(a.split('.').map(Number), b.split('.').map(Number))));
    // Nothing else is run: a check that answers no item is not of this profile.
    expect(report.items.every(({ benchmark, id }) => (benchmark as string[]).length > 0 || id.startsWith('attestation-'))).toBe(
      true,
    );
    expect(statusOf(report, 'loc-encoding')).toBeUndefined();
    expect(report.items.find(({ id }) => id === 'attestation-expiring')?.message).toContain('ends today');
  });

  it('shows people the table, and what nothing covers', async () => {
    const { stdout } = await dbctl('--profile', 'cis-18');
    expect(stdout).toMatch(/^3\.1\.20 +connections are logged +log-connections +\w+$/m);
    expect(stdout).toMatch(/^8\.2 +.*nothing: not covered/m);
    expect(stdout).toContain('of 73 items checks answer');
    expect(stdout).toContain('Numbers are advisory');
  });

  it('says no to what nobody attested to, under --strict', async () => {
    const report = await reportOf('--profile', 'cis-18', '--fail-on', 'critical', '--strict');
    expect(report.status).toBe(1);
  });

  it('refuses an attestations file with a mistake before it connects', async () => {
    await attest('1.3');
    const { status, error } = await reportOf('--profile', 'cis-18');
    expect({ status, message: error?.message }).toEqual({
      status: 2,
      message: '1 problem: dbctl.attestations.yaml:1:30: "item" takes a text: put it in quotes',
    });
    await rm(join(project, 'dbctl.attestations.yaml'));
  });
});

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}
