import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';
import { daemon, taskRunner, webJobs } from './support/workload-background.ts';
import { webApp } from './support/workload-web-app.ts';
import { actAlone, type Workload } from './support/workload.ts';

const APPS: readonly (readonly [app: string, workload: Workload])[] = [
  ['web_app', webApp],
  ['web_jobs', webJobs],
  ['task_runner', taskRunner],
  ['daemon', daemon],
];

let lab: ReferenceLab;
beforeAll(async () => {
  lab = await startReferenceLab();
  for (const [app, workload] of APPS)
    await lab.as(`${app}_1`, async (client) => {
      for (const one of workload(1)) await actAlone(client, one);
    });
});
afterAll(() => lab.stop());

interface Suggested {
  readonly items: readonly { readonly id: string; readonly object: string; readonly message: string }[];
  readonly summary: { readonly used: number; readonly check: { readonly accepted: number; readonly denied: number } };
}

describe('what the apps of the reference project used', () => {
  test.each(APPS.map(([app]) => app))('%s: roles.yaml says all of it, and nothing besides', async (app) => {
    const { stdout } = await lab.dbctl(['roles', 'suggest', app, '--check', '--format', 'json']);
    const { items, summary } = JSON.parse(stdout) as Suggested;
    const of = (...ids: readonly string[]): string[] =>
      items.filter(({ id }) => ids.includes(id)).map(({ id, object, message }) => `${id} ${object}: ${message}`);
    expect(of('used-not-in-file', 'check-denied', 'unresolved')).toEqual([]);
    // The default is the version of today; the writer of the log says when it writes another one (workload.test.ts keeps the same right).
    expect(of('granted-never-used').filter((one) => !one.includes('insert ("schema_version") on table audit.audit_log'))).toEqual(
      [],
    );
    expect(summary.used).toBeGreaterThan(5);
    expect(summary.check.accepted).toBeGreaterThan(2);
  });
});
