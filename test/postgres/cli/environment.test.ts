import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

// The environment contract, and what doctor makes of it, without a project file and with one.
let database: TestDatabase;
let folder: string;
let parts: { host: string; port: string; user: string; password: string };
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'dbctl-env-'));
  const { hostname, port, username, password } = new URL(database.url);
  parts = { host: hostname, port, user: decodeURIComponent(username), password: decodeURIComponent(password) };
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await database.drop();
});

async function doctor(env: Record<string, string>, ...args: string[]): Promise<{ status: number | null; report: Report }> {
  const { status, stdout } = await runCli(['doctor', '--format', 'json', ...args], { cwd: folder, env });
  return { status, report: JSON.parse(stdout) as Report };
}
const messageOf = (report: Report, id: string) => report.items.find((item) => item.id === id)?.message;

describe('where the connection comes from', () => {
  it('DATABASE_URL, without a project file', async () => {
    const { status, report } = await doctor({ DATABASE_URL: database.url });
    expect(status).toBe(0);
    expect(report.target).toMatchObject({ env: 'dev', database: database.name, serverVersion: '18.2' });
    expect(report.target?.systemIdentifier).toMatch(/^\d+$/);
  });

  it("libpq's PG* variables", async () => {
    const { host, port, user, password } = parts;
    const { report } = await doctor({
      PGHOST: host,
      PGPORT: port,
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database.name,
    });
    expect(messageOf(report, 'connection')).toBe(`answers as ${user} on database ${database.name}`);
  });

  it('a service file and .pgpass, as psql reads them', async () => {
    const { host, port, user, password } = parts;
    await writeFile(join(folder, 'services'), `[lab]\nhost=${host}\nport=${port}\nuser=${user}\ndbname=${database.name}\n`);
    await writeFile(join(folder, 'pgpass'), `${host}:${port}:*:${user}:${password}\n`, { mode: 0o600 });
    const { report } = await doctor({
      PGSERVICE: 'lab',
      PGSERVICEFILE: join(folder, 'services'),
      PGPASSFILE: join(folder, 'pgpass'),
    });
    expect(messageOf(report, 'connection')).toBe(`answers as ${user} on database ${database.name}`);
  });

  it('DB_USER and DB_PASSWORD stand above the URL', async () => {
    const url = new URL(database.url);
    url.username = 'somebody';
    url.password = 'else';
    const { report } = await doctor({ DATABASE_URL: url.href, DB_USER: parts.user, DB_PASSWORD: parts.password });
    expect(messageOf(report, 'connection')).toBe(`answers as ${parts.user} on database ${database.name}`);
  });

  it('PG_SSL_MODE that contradicts the URL is an error, not a choice', async () => {
    const { status, report } = await doctor({ DATABASE_URL: `${database.url}?sslmode=disable`, PG_SSL_MODE: 'verify-full' });
    expect(status).toBe(1);
    expect(messageOf(report, 'connection')).toMatch(/sslmode/);
  });
});

describe('doctor', () => {
  it('goes on when the server does not answer, and says what is missing', async () => {
    const { status, report } = await doctor({ DATABASE_URL: database.url.replace(/:\d+\//, ':1/') });
    expect(status).toBe(1);
    expect(report.items.find(({ id }) => id === 'connection')).toMatchObject({ status: 'fail', severity: 'high' });
    expect(report.items.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['node', 'config', 'embedded-server', 'client-psql', 'container-engine']),
    );
  });

  it('goes on when the project file is broken, and shows every problem', async () => {
    await writeFile(join(folder, 'broken.yaml'), 'version: 1\nproject: x\nenvironmets: {}\nverify: { fail_on: hihg }\n');
    const { status, report } = await doctor({ DATABASE_URL: database.url }, '--config', 'broken.yaml');
    expect(status).toBe(1);
    const config = report.items.find(({ id }) => id === 'config');
    expect(config).toMatchObject({ status: 'fail', severity: 'high' });
    expect(config?.detail).toContain('did you mean environments');
    expect(config?.detail).toContain('hihg');
  });

  it('says what a plain role may not', async () => {
    const pg = await import('pg');
    const client = new pg.default.Client({ connectionString: database.url });
    await client.connect();
    const role = `${database.name}_plain`;
    await client.query(`create role "${role}" login password 'plain-test-password'`);
    try {
      const { report } = await doctor({ DATABASE_URL: database.url, DB_USER: role, DB_PASSWORD: 'plain-test-password' });
      expect(report.items.find(({ id }) => id === 'right-create')).toMatchObject({
        status: 'fail',
        fix: `grant create on database "${database.name}" to "${role}"`,
      });
      expect(report.items.find(({ id }) => id === 'right-settings')).toMatchObject({
        status: 'fail',
        fix: `grant pg_read_all_settings to "${role}"`,
      });
      expect(report.items.find(({ id }) => id === 'right-superuser')).toMatchObject({ status: 'pass' });
      for (const id of ['right-create', 'right-settings'])
        await client.query(String(report.items.find((item) => item.id === id)?.fix));
      const mended = await doctor({ DATABASE_URL: database.url, DB_USER: role, DB_PASSWORD: 'plain-test-password' });
      expect(mended.report.items.filter(({ id, status }) => id.startsWith('right-') && status !== 'pass')).toEqual([]);
    } finally {
      await client.query(`drop owned by "${role}"; drop role "${role}"`);
      await client.end();
    }
  });
});
