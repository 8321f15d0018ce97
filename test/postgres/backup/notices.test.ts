import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import type { Notice } from '../../../src/ops/notice/notice.ts';
import { runCli } from '../../support/cli.ts';

/** Real programs and a real service on loopback. The runs are of `backup prune` with nothing to remove, and of `backup create` without a server. */
const project = mkdtempSync(join(tmpdir(), 'dbctl-notices-'));
const received: { path: string; notice: Notice }[] = [];
let status = 200;
let service: Server;
const url = (path: string) => `http://127.0.0.1:${(service.address() as AddressInfo).port}${path}`;
const SECRET = '/services/T0000/hunter2';

beforeAll(async () => {
  service = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ path: request.url ?? '', notice: JSON.parse(body) as Notice });
      response.writeHead(status, status === 302 ? { location: url('/elsewhere') } : {}).end();
    });
  });
  await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening));
});
afterAll(() => {
  service.close();
  rmSync(project, { recursive: true, force: true });
});
beforeEach(() => {
  received.length = 0;
  status = 200;
  for (const name of ['seen', 'before']) rmSync(join(project, name), { force: true });
});

const program = (name: string, script: string): string => {
  const path = join(project, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
};
async function dbctl(backup: string, args: readonly string[], env: Record<string, string> = {}, signal?: AbortSignal) {
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1\nproject: notices\nbackup:\n  repositories: [{ name: here, type: folder, path: here }]\n  signer: { name: n, key: { variable: NO_KEY } }\n${backup}\n`,
  );
  const {
    stdout,
    stderr,
    status: exit,
  } = await runCli([...args, '--format', 'json'], {
    cwd: project,
    env: { PATH: process.env['PATH'], HOOK: url(SECRET), ...env },
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...(JSON.parse(stdout) as Report), exit, said: stdout + stderr };
}
const PRUNE = ['backup', 'prune', '--yes'];
const seen = () => JSON.parse(readFileSync(join(project, 'seen'), 'utf8')) as Notice;

it('tells who wants to hear of success, and those who want failures only hear nothing', async () => {
  const tell = program('tell', `cat > ${project}/seen`);
  const { exit } = await dbctl(
    `  hooks: { after: [[${tell}]] }\n  notify: [{ on: [passed], webhook: { variable: HOOK } }, { command: [/nonexistent] }]`,
    PRUNE,
  );
  expect(exit).toBe(0);
  expect(received).toMatchObject([
    {
      path: SECRET,
      notice: {
        schema: 'dbctl.notice/1',
        outcome: 'passed',
        command: 'backup prune',
        project: 'notices',
        failures: [],
        error: null,
      },
    },
  ]);
  expect(seen()).toEqual({ ...received[0]?.notice, at: seen().at, seconds: seen().seconds, text: received[0]?.notice.text });
  expect(seen().text).toMatch(/^dbctl backup prune of notices \(dev\) on \S+ passed$/);
});

it('tells of a failure, with its words, and the run fails as it would', async () => {
  const { exit, error } = await dbctl(`  notify: [{ webhook: { variable: HOOK } }]`, ['backup', 'create']);
  expect(exit).not.toBe(0);
  expect(received).toMatchObject([{ notice: { outcome: 'failed', error: { code: error?.code, message: error?.message } } }]);
});

it('tells of a run that is stopped, too: nobody would hear of a backup that a timer cut off', async () => {
  const waits = program('waits', `touch ${project}/before; sleep 30; true`);
  const tell = program('tell', `cat > ${project}/seen`);
  const stop = new AbortController();
  const begun = setInterval(() => existsSync(join(project, 'before')) && stop.abort(), 50);
  const { exit, error } = await dbctl(
    `  hooks: { before: [[${waits}]] }\n  notify: [{ webhook: { variable: HOOK } }, { command: [${tell}] }]`,
    PRUNE,
    {},
    stop.signal,
  );
  clearInterval(begun);
  expect([exit, error?.code]).toEqual([130, 'interrupted']);
  expect(received).toMatchObject([
    { notice: { outcome: 'failed', error: { code: 'interrupted', message: 'stopped by a signal' } } },
  ]);
  expect(seen()).toMatchObject({ outcome: 'failed', error: { code: 'interrupted' } });
});

it('stops before a run whose hook fails, and says which', async () => {
  const refuse = program('refuse', `echo "the disk is not mounted: $DBCTL_COMMAND in $DBCTL_ENVIRONMENT" >&2; exit 3`);
  const { exit, error } = await dbctl(
    `  hooks: { before: [[${refuse}], [${program('never', `touch ${project}/before`)}]] }`,
    PRUNE,
  );
  expect([exit, error?.message]).toEqual([5, `the hook ${refuse} ended with 3: the disk is not mounted: backup prune in dev`]);
  expect(existsSync(join(project, 'before'))).toBe(false);
});

it('runs nothing around a run that changes nothing', async () => {
  const { exit } = await dbctl(
    `  hooks: { before: [[/nonexistent]] }\n  notify: [{ on: [passed], webhook: { variable: HOOK } }]`,
    ['backup', 'prune', '--dry-run'],
  );
  expect([exit, received]).toEqual([0, []]);
});

it.each<[string, Record<string, string>, () => void, RegExp]>([
  ['answers no', {}, () => (status = 500), /^nobody could be told by HOOK: the service answered 500$/],
  ['sends it elsewhere', {}, () => (status = 302), /^nobody could be told by HOOK: /],
  [
    'is not there',
    { HOOK: 'http://127.0.0.1:1/hunter2' },
    () => undefined,
    /^nobody could be told by HOOK: (?:ECONNREFUSED|bad port|no connection)$/,
  ],
  [
    'would hear it unencrypted',
    { HOOK: 'http://hooks.example/hunter2' },
    () => undefined,
    /^nobody can be told: HOOK is no https URL$/,
  ],
  ['has no address', { HOOK: 'hunter2' }, () => undefined, /^nobody can be told: HOOK is no https URL$/],
])('is exit 1 where the service %s, and says no secret', async (_name, env, prepare, message) => {
  prepare();
  const { exit, items, said } = await dbctl(`  notify: [{ on: [passed], webhook: { variable: HOOK } }]`, PRUNE, env);
  expect(exit).toBe(1);
  expect(items.at(-1)).toMatchObject({
    id: 'notice',
    object: 'HOOK',
    status: 'fail',
    message: expect.stringMatching(message) as string,
  });
  expect(said).not.toContain('hunter2');
  expect(received.map(({ path }) => path)).not.toContain('/elsewhere');
});
