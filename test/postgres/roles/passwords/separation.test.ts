import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../../src/db/session.ts';
import { makeVerifier, verifierText } from '../../../../src/ops/roles/password/verifier.ts';
import { onServer } from '../../../support/connection.ts';
import { startServer, type TestServer } from '../../../support/server.ts';
import type { CliReport } from '../../../support/cli-report.ts';
import { makeProject, ROLES, type Project } from './support/project.ts';

let prod: TestServer;
let dev: TestServer;
let project: Project;
beforeAll(async () => {
  [prod, dev] = await Promise.all([startServer({ ownPassword: true }), startServer({ ownPassword: true })]);
  project = await makeProject();
  await project.write('prod.url', prod.url());
  await project.write('dev.url', dev.url());
  await project.write('one.url', prod.url('template1'));
  await project.write(
    'dbctl.yaml',
    'version: 1\nproject: shop\nenvironments:\n  prod: { url: { file: prod.url }, tls: disable }\n  dev: { url: { file: dev.url }, tls: disable }\n  same: { url: { file: one.url }, tls: disable }\n',
  );
  await project.write('roles.yaml', ROLES);
  for (const server of [prod, dev]) await onServer(server.url(), 'create role reader login', 'create role web_app_1 login');
}, 60_000);
afterAll(async () => {
  await project.remove();
  await Promise.all([prod.stop(), dev.stop()]);
});

const DEV_SECRET = 'known in dev';
const separation = (other = 'dev'): Promise<CliReport> =>
  project.report(`roles separation --env prod --with ${other}`, { READER_PASSWORD: DEV_SECRET });
const found = ({ items }: CliReport) => items.map(({ id, object, status }) => [id, object, status]);

async function give(server: TestServer, login: string, stored: string): Promise<void> {
  await withSession(server.target(), { access: 'write' }, (session) =>
    session.script(`alter role ${login} password '${stored}'`),
  );
}
const verifier = async (password: string): Promise<string> => verifierText(await makeVerifier(password, 4096));

describe('roles separation', () => {
  test('is content with two clusters that share no password', async () => {
    await give(dev, 'reader', await verifier(DEV_SECRET));
    await give(prod, 'reader', await verifier('of its own'));
    const report = await separation();
    expect(found(report)).toEqual([]);
    expect(report).toMatchObject({ status: 0, summary: { secrets: 2 } });
  });

  test('finds globals that were copied: the same verifier, whatever the name', async () => {
    const copied = await verifier('nobody here knows it');
    await give(dev, 'web_app_1', copied);
    await give(prod, 'reader', copied);
    const report = await separation();
    expect(report.status).toBe(1);
    expect(found(report)).toEqual([['copied-verifier', 'reader', 'fail']]);
    expect(report.items[0]?.message).toBe('its password was copied: web_app_1 of dev has the very same verifier');
  });

  test('finds a password that is known in dev, under another name and another salt', async () => {
    await give(dev, 'web_app_1', await verifier('another'));
    await give(prod, 'reader', await verifier('of its own'));
    await give(prod, 'web_app_1', await verifier(DEV_SECRET));
    const report = await separation();
    expect(found(report)).toEqual([['reused-password', 'web_app_1', 'fail']]);
    expect(report.items[0]?.message).toBe('its password is that of reader in dev (variable READER_PASSWORD)');
    expect(report.stdout + report.stderr).not.toContain(DEV_SECRET);
  });

  test('finds a login of dev that gets in, and its reused password', async () => {
    await give(prod, 'web_app_1', await verifier('of its own'));
    await give(prod, 'reader', await verifier(DEV_SECRET));
    expect(found(await separation())).toEqual([
      ['reused-password', 'reader', 'fail'],
      ['login-crosses', 'reader', 'fail'],
    ]);
  });

  test('finds it in an md5 hash too, which is of the password and the name', async () => {
    await onServer(
      prod.url(),
      'create role hashed login',
      `update pg_catalog.pg_authid set rolpassword = 'md5' || pg_catalog.md5('${DEV_SECRET}hashed') where rolname = 'hashed'`,
      `alter role reader password null`,
    );
    expect(found(await separation())).toEqual([['reused-password', 'hashed', 'fail']]);
    await onServer(prod.url(), 'drop role hashed');
  });

  test('two databases on one cluster are not two environments', async () => {
    const report = await separation('same');
    expect(report.status).toBe(1);
    expect(found(report)).toEqual([
      ['same-cluster', report.target?.systemIdentifier, 'fail'],
      ['login-crosses', 'postgres', 'fail'],
    ]);
  });

  test('what it may not see is unknown, and not a yes', async () => {
    await onServer(prod.url(), `create role looker login password 'looking'`);
    await project.write('looker.url', prod.url().replace(/\/\/[^@]*@/, '//looker:looking@'));
    await project.write(
      'looker.yaml',
      'version: 1\nproject: shop\nenvironments:\n  prod: { url: { file: looker.url }, tls: disable }\n  dev: { url: { file: dev.url }, tls: disable }\n',
    );
    const words = 'roles separation --env prod --with dev --config looker.yaml';
    const report = await project.report(words, { READER_PASSWORD: DEV_SECRET });
    expect(report.status).toBe(1);
    expect(found(report)).toEqual([['copied-verifier', 'prod', 'unknown']]);
    expect(report.items[0]?.fix).toBe('grant select (oid, rolpassword) on pg_catalog.pg_authid to "looker";');
  });

  test.each([
    ['--with prod', 'prod is both environments'],
    ['--with nowhere', 'no environment "nowhere"'],
    ['', 'say which environment to compare with: --with NAME'],
  ])('%s: %s', async (words, message) => {
    const report = await project.report(`roles separation --env prod ${words}`.trim());
    expect(report.status).toBe(2);
    expect(`${report.error?.message}${report.error?.detail ?? ''}`).toContain(message);
  });
});
