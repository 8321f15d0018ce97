import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { serverProcesses } from '../../../src/ops/process/process.ts';
import { createTestDatabase, withTestDatabase } from '../../support/database.ts';
import { withServer } from '../../support/server.ts';

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

test('the shared server is at the pin and takes a superuser', async () => {
  expect(await ask(inject('databaseUrl'), "select current_setting('is_superuser')")).toBe('on');
  expect(Number(await ask(inject('databaseUrl'), "select current_setting('server_version_num')"))).toBeGreaterThanOrEqual(
    180_002,
  );
});

test('a test database is empty, its own, and gone after drop', async () => {
  const database = await createTestDatabase();
  expect(await ask(database.url, 'select current_database()')).toBe(database.name);
  expect(await ask(database.url, "select count(*)::int from pg_class where relnamespace = 'public'::regnamespace")).toBe(0);
  await database.drop();
  await expect(ask(database.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
});

test('a migrated database is a copy one can write to', async () => {
  await withTestDatabase({ template: 'migrated' }, async ({ url }) => {
    await ask(url, 'create table public.here (id int)');
    expect(await ask(url, "select to_regclass('public.here')::text")).toBe('here');
  });
});

test('twenty databases at once from one template', async () => {
  const databases = await Promise.all(Array.from({ length: 20 }, () => createTestDatabase({ template: 'migrated' })));
  expect(new Set(databases.map(({ name }) => name)).size).toBe(20);
  await Promise.all(databases.map((database) => database.drop()));
});

test('a server of its own takes settings, a file and a crash, and leaves nothing', async () => {
  const data = await withServer({ major: 17, settings: { work_mem: '5MB' }, durable: true }, async (server) => {
    expect(await ask(server.url(), "select current_setting('work_mem')")).toBe('5MB');
    expect(await ask(server.url(), "select current_setting('fsync')")).toBe('on');
    await ask(server.url(), 'create table kept (id int)');
    await server.kill();
    await expect(ask(server.url(), 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.start();
    expect(await ask(server.url(), "select to_regclass('kept')::text")).toBe('kept');
    return server.data;
  });
  expect(existsSync(data)).toBe(false);
  expect(await serverProcesses(data)).toEqual([]);
});

test('a server does not outlive a process that is killed', async () => {
  const program = `
    const { startServer } = await import('./test/support/server.ts');
    const { data } = await startServer();
    process.stdout.write(data);
    process.kill(process.pid, 'SIGKILL');`;
  const ended = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]).catch(
    (thrown: { stdout: string; signal: string }) => thrown,
  );
  expect(ended).toMatchObject({ signal: 'SIGKILL' });
  await expect.poll(() => existsSync(ended.stdout), { timeout: 10_000 }).toBe(false);
  expect(await serverProcesses(ended.stdout)).toEqual([]);
});
