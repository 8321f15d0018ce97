import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliReport } from '../../support/cli-report.ts';
import { runCli } from '../../support/cli.ts';
import { freePort } from '../../../src/ops/dev/port.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';

/** What verify looks for beside the server, as a person runs it. */
let [server, older]: TestServer[] = [];
const project = mkdtempSync(join(tmpdir(), 'dbctl-verify-beside-'));
const PASSWORD = 'the same on both';

beforeAll(async () => {
  [server, older] = await Promise.all([startServer(), startServer({ major: 17 })]);
  for (const one of [server, older]) {
    await onServer(one.url(), `create role looker login superuser password '${PASSWORD}'`);
  }
}, 120_000);
afterAll(async () => {
  await Promise.all([server?.stop(), older?.stop()]);
  rmSync(project, { recursive: true, force: true });
});

const url = (...ports: readonly number[]) =>
  `postgresql://looker:${encodeURIComponent(PASSWORD)}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/postgres`;
const config = (backup = '', environment = 'url: { variable: THE_URL }') =>
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1\nproject: beside\nenvironments:\n  prod: { ${environment}, protected: false }\n${backup}`,
  );
const verify = async (only: string, env: Readonly<Record<string, string>> = { THE_URL: url(server?.port ?? 0) }) => {
  const report = await cliReport(['verify', '--env', 'prod', '--only', only], { cwd: project, env });
  if (report.error !== null) throw new Error(report.error.message);
  return report.items.map(({ object, status, message, fix }) => ({ object, status, message, fix }));
};

describe('nodes of a cluster', () => {
  const nodes = (...ports: readonly number[]) => verify('version-cluster-drift', { THE_URL: url(...ports) });

  it('are asked one by one, and the older one is found', async () => {
    config();
    const [port, other] = [server?.port ?? 0, older?.port ?? 0];
    expect(await nodes(port, other)).toEqual([
      {
        object: `127.0.0.1:${other}`,
        status: 'fail',
        message: expect.stringMatching(/^node 127\.0\.0\.1:\d+ \(the primary\) runs 17\.\d+, and another one 18\.2$/),
        fix: expect.stringContaining(`install PostgreSQL 18.2 on 127.0.0.1:${other} and restart it`),
      },
    ]);
  });

  it('of one release pass; one that is silent is not known; one host says nothing of the others', async () => {
    config();
    const [port, dead] = [server?.port ?? 0, await freePort()];
    expect(await nodes(port, port)).toMatchObject([{ status: 'pass' }]);
    expect(await nodes(port, dead)).toMatchObject([
      {
        status: 'unknown',
        message: expect.stringContaining(`127.0.0.1:${dead} could not be asked: `),
        fix: `run dbctl verify where 127.0.0.1:${dead} can be reached`,
      },
    ]);
    expect(await nodes(port)).toMatchObject([{ status: 'skipped', message: expect.stringContaining('the URL names one host') }]);
  });
});

describe('client programs', () => {
  it('are those of this machine; in a folder without any it is not known', async () => {
    config(`backup: { programs: nothing }\n`);
    expect(await verify('version-client-tools')).toEqual([
      {
        object: 'cluster',
        status: 'unknown',
        message: 'could not look: no client program of PostgreSQL was found on this machine',
        fix: 'dbctl tools install',
      },
    ]);
  });
});

describe('backups', () => {
  const REPOSITORY = `backup:\n  repositories: [{ name: nightly, type: folder, path: backups }]\n  signer: { name: beside, key: { file: key.pem } }\n`;

  it('are not asked for where none are declared, nor of a server that is thrown away', async () => {
    config();
    expect(await verify('bak-fresh,bak-restore-tested')).toMatchObject([
      { status: 'skipped', message: 'dbctl.yaml declares no backup.repositories' },
      { status: 'skipped', message: 'dbctl.yaml declares no backup.repositories' },
    ]);
  });

  it('are missing, then there, then too old; a restore was never tried', async () => {
    config(REPOSITORY);
    const env = { THE_URL: url(server?.port ?? 0) };
    const dbctl = (...args: readonly string[]) => runCli([...args, '--env', 'prod'], { cwd: project, env, timeoutMs: 120_000 });
    expect((await dbctl('ledger', 'key', 'key.pem')).status).toBe(0);
    expect(await verify('bak-fresh,bak-restore-tested')).toMatchObject([
      { object: 'nightly', status: 'fail', message: 'repository nightly has no good backup of database postgres of prod' },
      { object: 'newest passed drill', status: 'fail', message: expect.stringContaining('no drill has passed') },
    ]);
    const made = await dbctl('backup', 'create', '--type', 'physical');
    expect(made.stderr + made.stdout).toContain('nightly');
    expect(made.status).toBe(0);
    expect(await verify('bak-fresh')).toMatchObject([{ status: 'pass' }]);
    config(REPOSITORY + '  max_age: 1ms\n');
    expect(await verify('bak-fresh')).toMatchObject([{ object: 'nightly', status: 'fail' }]);
  });

  it('in a place that takes the question and never answers are not known, after five seconds', async () => {
    const silent: Server = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    try {
      config(
        `backup:\n  repositories: [{ name: far, type: s3, bucket: backups, region: eu-central-1, endpoint: "http://127.0.0.1:${port}", path_style: true }]\n  signer: { name: beside, key: { file: key.pem } }\n`,
      );
      const began = Date.now();
      const env = { THE_URL: url(server?.port ?? 0), AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
      expect(await verify('bak-fresh', env)).toMatchObject([
        {
          status: 'unknown',
          message: 'could not look: the repository of the backups did not answer within 5 s',
          fix: 'dbctl backup status',
        },
      ]);
      expect(Date.now() - began).toBeLessThan(20_000);
    } finally {
      silent.close();
    }
  }, 40_000);
});
