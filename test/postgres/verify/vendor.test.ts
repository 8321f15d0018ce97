import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';

/**
 * No managed service is at hand: a PostgreSQL of our own has the marks of one, its setting in postgresql.conf and its roles. What the
 * service does with the fixes is not tried.
 */
let server: TestServer;
let project: string;
beforeAll(async () => {
  server = await startServer({ settings: { 'rds.extensions': 'pgcrypto, pgaudit', 'rds.force_ssl': '1' } });
  await onServer(
    server.url(),
    'create role rds_superuser',
    `create role boss login superuser password 'x'`,
    `create role customer login password 'x' in role rds_superuser, pg_read_all_settings`,
    `create role stranger login password 'x'`,
    'create database shop owner customer template template0',
  );
  // The role that initdb made gets the name it has there.
  const boss = new URL(server.url());
  [boss.username, boss.password] = ['boss', 'x'];
  await onServer(boss.href, 'alter role postgres rename to rdsadmin');
  project = await mkdtemp(join(tmpdir(), 'dbctl-vendor-'));
  await writeFile(
    join(project, 'dbctl.yaml'),
    'version: 1\nproject: shop\npostgres: { extensions: { required: [pgaudit] } }\nenvironments:\n  dev: { url: { variable: DATABASE_URL } }\n',
  );
});
afterAll(async () => {
  await server.stop();
  await rm(project, { recursive: true, force: true });
});

async function verify(user: string): Promise<Report & { notes: string }> {
  const url = new URL(server.url('shop'));
  [url.username, url.password] = [user, 'x'];
  const args = ['verify', '--only', 'ext-required,log-statement,tls-enforced'];
  const options = { cwd: project, env: { DATABASE_URL: url.href } };
  const [json, human] = await Promise.all([runCli([...args, '--format', 'json'], options), runCli(args, options)]);
  return { ...(JSON.parse(json.stdout) as Report), notes: human.stdout.replaceAll(/\s+/g, ' ') };
}
const fixOf = ({ items }: Report, id: string) => items.find((item) => item.id === id)?.fix;

describe('a server with the marks of RDS', () => {
  it.each(['customer', 'stranger'])('is taken for one by %s, and fixes are for it', async (user) => {
    const report = await verify(user);
    expect(report.summary).toMatchObject({
      vendor: { vendor: 'rds', evidence: 'setting rds.extensions; role rds_superuser, and rdsadmin as the first superuser' },
    });
    expect(report.notes).toContain(
      'The server looks like Amazon RDS (setting rds.extensions; role rds_superuser, and rdsadmin as the first superuser)',
    );
    // A name with a dot in postgresql.conf is not the service's switch, which its own library declares.
    expect(report.items.find(({ id }) => id === 'tls-enforced')).toMatchObject({
      status: 'unknown',
      message: expect.stringContaining(`could not look: role "${user}" has no select right on pg_catalog.pg_hba_file_rules`),
    });
    expect(fixOf(report, 'log-statement')).toBe(
      `aws rds modify-db-parameter-group --db-parameter-group-name GROUP --parameters '[{"ParameterName":"log_statement","ParameterValue":"ddl","ApplyMethod":"immediate"}]'`,
    );
    expect(fixOf(report, 'ext-required')).toContain('"ParameterValue":"LOADED,pgaudit","ApplyMethod":"pending-reboot"');
  });

  it('is self-hosted for a superuser, whom no service has', async () => {
    const report = await verify('boss');
    expect(report.summary).toMatchObject({ vendor: { vendor: 'self-hosted', evidence: 'the session is a superuser' } });
    expect(report.notes).not.toContain('looks like');
    expect(fixOf(report, 'log-statement')).toContain('alter system set log_statement = ddl;');
    expect(fixOf(report, 'ext-required')).toBe(
      [
        '-- first, on the machine: apt-get install postgresql-18-pgaudit',
        `alter system set shared_preload_libraries = LOADED, 'pgaudit'; -- LOADED: what it lists now; then restart the server`,
        `alter system set pgaudit.log = 'ddl,role'; select pg_reload_conf();`,
        'create schema if not exists "extensions"; create extension "pgaudit" schema "extensions";',
      ].join('\n'),
    );
  });

  it('is Aurora where its function is, too', async () => {
    const url = new URL(server.url('shop'));
    [url.username, url.password] = ['boss', 'x'];
    await onServer(url.href, `create function pg_catalog.aurora_version() returns text language sql return '18.2.0'`);
    expect((await verify('customer')).summary).toMatchObject({ vendor: { vendor: 'aurora' } });
  });
});
